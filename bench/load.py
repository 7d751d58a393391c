"""Driving a server: with wrk where it is installed, else with threads of this process.

wrk takes little time of the processor, which it shares with the server. The threads take much, so
with them every side's figures are lower, those of the quick sides most.
"""

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import ROOT

_SCRIPT = """
wrk.method = "POST"
{headers}
wrk.body = {body}
done = function(summary, latency, requests)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def parse_loads(description: str | None, seconds: float) -> argparse.Namespace:
    """The options of a script that drives servers: quick, models, rounds, seconds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="ours alone, to see the script work")
    parser.add_argument(
        "--models", type=Path, default=ROOT / "build" / "bench", help="where peers are installed"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=seconds, help="of each load")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    if sys.platform != "linux":
        sys.exit("Needs Linux.")
    return options


@dataclass(frozen=True)
class Figures:
    """Requests a second, and milliseconds within which 50 and 99 % of them were answered."""

    per_second: float
    p50: float
    p99: float
    errors: int


def generator() -> str:
    """What drives the servers here."""
    return "wrk" if shutil.which("wrk") else "Python threads (install wrk for better figures)"


Headers = tuple[tuple[str, str], ...]
JSON: Headers = (("Content-Type", "application/json"),)


def drive(
    url: str, body: object, connections: int, seconds: float, headers: Headers = JSON
) -> Figures:
    """POST the body over so many connections for so long, each waiting for its answer."""
    if shutil.which("wrk"):
        return _wrk(url, json.dumps(body), connections, seconds, headers)
    return _threads(url, json.dumps(body).encode(), connections, seconds, headers)


def _wrk(url: str, body: str, connections: int, seconds: float, headers: Headers) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers)
        script.write_text(_SCRIPT.format(body=f"[=[{body}]=]", headers=lines))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}s", "-s", str(script), url]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, microseconds, p50, p99, errors = map(int, line.split()[1:])
    return Figures(requests / microseconds * 1e6, p50 / 1000, p99 / 1000, errors)


def _threads(url: str, body: bytes, connections: int, seconds: float, headers: Headers) -> Figures:
    host, _, path = url.removeprefix("http://").partition("/")
    times: list[float] = []
    errors: list[str] = []
    end = time.perf_counter() + seconds

    def ask() -> None:
        connection = http.client.HTTPConnection(host, timeout=30)
        while (started := time.perf_counter()) < end:
            try:
                connection.request("POST", f"/{path}", body, dict(headers))
                response = connection.getresponse()
                response.read()
            except OSError as error:
                errors.append(repr(error))
                connection.close()
                continue
            times.append(time.perf_counter() - started)
            if response.status != http.HTTPStatus.OK:
                errors.append(str(response.status))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p99 = np.percentile(times, [50, 99]) * 1000
    return Figures(len(times) / seconds, float(p50), float(p99), len(errors))
