"""The servers that are compared: how each is installed, started, asked and measured."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from load import JSON, Headers

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "bench" / "peers"
MODEL_NEEDS = ("numpy", "joblib", "filelock", "cryptography")
"""What the fast model itself imports."""

OURS, KEYED, EMPTY = "sentiment", "with an API key", "empty Flask route"
KEY, KEYS = "0123456789abcdef0123456789abcdef", "keys"
TEXT = "정말 재밌게 잘봤습니다! 배우들 연기도 좋고"

_EMPTY_APP = """
import os, sys
from pathlib import Path
from flask import Flask
from pipeline.server.current_models import StoredModels
from pipeline.server.master import run_gunicorn
from pipeline.server.observing import Observed
from pipeline.server.serving import Serving
from pipeline.server.settings import ServerSettings
models = StoredModels(Path(os.environ["SENTIMENT_ARTIFACTS"]), slots=["fast"])
serving = Serving(models, ServerSettings(port=int(sys.argv[1]), workers=2))
app = Flask("empty")
app.add_url_rule("/predict", view_func=lambda: "", methods=["POST"])
app.wsgi_app = Observed(app, True, serving.metrics, serving.bridge.admission)
serving.bridge.app = app
serving.bridge.gathering.gather = lambda environs: None
run_gunicorn(serving)
"""


def _plain(texts: list[str]) -> dict[str, object]:
    return {"text": texts[0] if len(texts) == 1 else texts, "do_fast": True}


def _open_inference(texts: list[str]) -> dict[str, object]:
    return {"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}]}


@dataclass(frozen=True)
class Server:
    """How a server is started and asked.

    `packages`: what an environment of its own holds; none: it runs in this one. `command` and
    `environment` may name {python}, {bin}, {port}, {port2} and {port3}. `body`: a request's, of
    these texts. It runs in a folder that holds the file KEYS with KEY.
    """

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    path: str = "/predict"
    body: Callable[[list[str]], dict[str, object]] = _plain
    headers: Headers = JSON


_SERVE = ("{bin}/sentiment", "serve", "--only", "fast", "--workers", "2", "--port", "{port}")

SERVERS = (
    Server(OURS, (), _SERVE),
    Server(
        KEYED,
        (),
        (*_SERVE, "--api-key-file", KEYS),
        headers=(*JSON, ("Authorization", f"Bearer {KEY}")),
    ),
    Server(EMPTY, (), ("{python}", "-c", _EMPTY_APP, "{port}")),
    Server("LitServe", ("litserve",), ("{python}", str(PEERS / "for_litserve.py"), "{port}")),
    Server(
        "BentoML",
        ("bentoml",),
        ("{bin}/bentoml", "serve", "for_bentoml:Sentiment", "--port", "{port}"),
        (("BENTOML_DO_NOT_TRACK", "true"), ("BENTOML_HOST", "127.0.0.1")),
    ),
    Server(
        "MLServer",
        ("mlserver", "uvloop<0.22"),
        ("{bin}/mlserver", "start", "."),
        (
            ("MLSERVER_HOST", "127.0.0.1"),
            ("MLSERVER_HTTP_PORT", "{port}"),
            ("MLSERVER_GRPC_PORT", "{port2}"),
            ("MLSERVER_METRICS_PORT", "{port3}"),
            ("MLSERVER_PARALLEL_WORKERS", "2"),
            ("MLSERVER_DEBUG", "false"),
            ("MLSERVER_MODEL_NAME", "sentiment"),
            ("MLSERVER_MODEL_IMPLEMENTATION", "for_mlserver.Sentiment"),
        ),
        path="/v2/models/sentiment/infer",
        body=_open_inference,
    ),
)


def install(server: Server, folder: Path) -> Path:
    """The bin folder of the server's environment, made now unless it is there."""
    if not server.packages:
        return Path(sys.executable).parent
    home = folder / f"venv-{server.name.lower()}"
    if not (home / "installed").exists():
        print(f"Installing {server.name} into {home} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *server.packages, *MODEL_NEEDS], check=True)
        (home / "installed").touch()
    return home / "bin"


@contextmanager
def running(server: Server, binaries: Path, artifacts: Path) -> Iterator[tuple[str, int]]:
    """The server, ready: (URL to ask, process id)."""
    ports = [str(port) for port in _free_ports(3)]
    names = {"python": str(binaries / "python"), "bin": str(binaries), "port": ports[0]}
    names |= {"port2": ports[1], "port3": ports[2]}
    path = os.pathsep.join([str(ROOT), str(PEERS)])
    environment = {
        **os.environ,
        **{name: value.format(**names) for name, value in server.environment},
        "PYTHONPATH": path,
        "SENTIMENT_ARTIFACTS": str(artifacts.resolve()),
        "SENTIMENT_SERVE_ARTIFACTS": str(artifacts.resolve()),
    }
    command = [part if "\n" in part else part.format(**names) for part in server.command]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        (Path(folder) / KEYS).touch(0o600)
        (Path(folder) / KEYS).write_text(KEY)
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        url = f"http://127.0.0.1:{ports[0]}{server.path}"
        try:
            _wait(server, url, process, Path(folder) / "log")
            yield url, process.pid
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the server and its workers; one that does not end when told to is killed."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(40)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _wait(server: Server, url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until it answers a request like those it will be measured with."""
    body = json.dumps(server.body([TEXT])).encode()
    request = urllib.request.Request(url, body, dict(server.headers))
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{server.name} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def memory(pid: int) -> float:
    """Megabytes of a process and all its descendants; what they share counts once."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            children = Path(f"/proc/{one}/task/{one}/children").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
        waiting += map(int, children.split())
    return total / 1024
