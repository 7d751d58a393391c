"""How many modules of ours one row of a file and one request pass, and with how many calls.

    python bench/count_calls.py

It is no measurement of speed: it counts what `sys.setprofile` sees. To compare with another
checkout, run this file with PYTHONPATH naming that one.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

SAMPLE = Path(__file__).parent.parent / "data" / "sample.tsv"
PACKAGES = ("pipeline", "cli")
LOADING = ("load_current", "load_folder")
"""Loading a model is no part of the way of a row."""
BODY = '{"text": "정말 재밌게 잘봤습니다!", "do_fast": true}'.encode()

Call = tuple[str, str]
"""File and function."""


def module_of(frame: FrameType) -> str | None:
    """The file of a frame, from its package on, if that is ours."""
    parts = Path(frame.f_code.co_filename).parts
    ours = [place for place, part in enumerate(parts) if part in PACKAGES]
    return "/".join(parts[ours[-1] :]) if ours and "site-packages" not in parts else None


class Recorder:
    """Calls of functions of ours, except those made while a model is loaded."""

    def __init__(self, note: Callable[[Call], None]) -> None:
        self.note = note
        self.loading = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Take an event of the interpreter, as `sys.setprofile` gives it."""
        if event not in ("call", "return"):
            return
        name = frame.f_code.co_name
        if name in LOADING:
            self.loading += 1 if event == "call" else -1
        elif event == "call" and not self.loading and (found := module_of(frame)):
            self.note((found, name))


def show(what: str, calls: Sequence[Call]) -> None:
    """One line."""
    files = [file for file, _ in calls]
    changes = sum(one != other for one, other in pairwise(files))
    print(
        f"{what:<16}{len(set(files)):>6} modules{changes:>6} changes of file{len(calls):>6} calls"
    )


def calls_of_a_row(artifacts: Path, folder: Path) -> list[Call]:
    """`sentiment predict --fast one.csv -o scored.csv`, from the parsing of its options to its end.

    The command runs twice in this process: what is done once (imports, caches) is left out.
    """
    from cli.main import main

    calls: list[Call] = []
    source = folder / "one.csv"
    source.write_text("document\n정말 재밌게 잘봤습니다!\n", encoding="utf-8")
    for turn in range(2):
        calls.clear()
        output = folder / f"scored-{turn}.csv"
        arguments = ["predict", "--fast", "-q", "--artifacts", str(artifacts), str(source)]
        sys.setprofile(Recorder(calls.append))
        try:
            main([*arguments, "-o", str(output)], standalone_mode=False)
        finally:
            sys.setprofile(None)
    return calls


def calls_of_a_request(artifacts: Path, folder: Path) -> list[Call]:
    """One `POST /predict` to a running server: the calls between two GET /healthz, less one GET.

    The smallest of a few, since timers come in between now and then.
    """
    log = folder / "calls"
    with server(artifacts, log) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(6):
            ask(connection, "GET", "/healthz")
            ask(connection, "POST", "/predict", BODY)
        for _ in range(3):
            ask(connection, "GET", "/healthz")
    calls = [tuple(line.split("\t")) for line in log.read_text().splitlines()]
    marks = [place for place, call in enumerate(calls) if call[1] == "healthz"]
    spans = [calls[start:end] for start, end in pairwise(marks)]
    alone, posts = min(spans[6:], key=len), min(spans[1:6], key=len)
    return without(posts, alone)  # type: ignore[arg-type]


def without(calls: Sequence[Call], others: Sequence[Call]) -> list[Call]:
    """The calls that a request makes more: those of the other one are taken from both ends."""
    begin = 0
    while begin < len(others) and calls[begin] == others[begin]:
        begin += 1
    rest = len(others) - begin
    return list(calls[begin : len(calls) - rest])


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> None:
    """Send one request, which must be answered with 200."""
    connection.request(method, path, body or None, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    if response.status != http.HTTPStatus.OK:
        raise ConnectionError(f"{path} answers {response.status}")
    time.sleep(0.05)


@contextmanager
def server(artifacts: Path, log: Path) -> Iterator[int]:
    """A server whose worker writes down its calls."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "--serve", str(log), str(artifacts), str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_for(port: int) -> None:
    """Return when the server is ready."""
    for _ in range(600):
        try:
            ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "GET", "/readyz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


def serve(log: str, artifacts: str, port: str) -> None:
    """Run `sentiment serve`; record in each process that is forked, in its main thread."""
    from cli.main import main

    def record() -> None:
        file = open(log, "a", buffering=1)  # noqa: SIM115, PTH123 - for as long as the process lives
        sys.setprofile(Recorder(lambda call: print(*call, sep="\t", file=file)))

    os.register_at_fork(after_in_child=record)
    main(["serve", "--artifacts", artifacts, "--port", port, "--no-request-log"])


def main() -> None:
    """Count and print."""
    from cli.main import main as sentiment

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        artifacts = folder / "artifacts"
        for arguments in (["train", "--data", str(SAMPLE)], ["serialize"]):
            sentiment([*arguments, "--artifacts", str(artifacts)], standalone_mode=False)
        show("a row of a file", calls_of_a_row(artifacts, folder))
        show("a request", calls_of_a_request(artifacts, folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
