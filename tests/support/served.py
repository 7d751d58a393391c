"""A real server on the loopback."""

import contextlib
import http.client
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.loopback import free_port
from tests.support.paths import SENTIMENT
from tests.support.waiting import wait_until


@dataclass
class Served:
    """A real server on a port of the loopback."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def events(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        lines = self.log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, message: str) -> int:
        """How many logged messages hold this."""
        return sum(message in str(event.get("message")) for event in self.events())

    def wait_for(self, status: int, path: str = "/readyz", seconds: float = 60) -> None:
        """Wait until GET answers with this status."""

        def answers() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get(path)[0] == status
            return False

        wait_until(answers, seconds)


@contextmanager
def served(
    root: Path,
    *options: str,
    command: Sequence[str] = (SENTIMENT,),
    ready: int = 200,
    seconds: float = 60,
    port: int | None = None,
) -> Iterator[Served]:
    """A real `sentiment serve`, up as soon as /readyz answers `ready`."""
    port = port or free_port()
    arguments = [*command, "serve", "--artifacts", str(root), "--port", str(port), *options]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stderr:
            server = Served(port, subprocess.Popen(arguments, stderr=stderr), log)
        try:
            server.wait_for(ready, seconds=seconds)
            yield server
        finally:
            server.process.terminate()
            server.process.wait(40)
