"""A real S3 server (moto's) in a process of its own, and a proxy before it that can fail."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.loopback import free_port, serving
from tests.support.waiting import wait_until


@contextmanager
def s3_server() -> Iterator[int]:
    """Run moto on a port of the loopback."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), 60)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def ask_there(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process, and those that it starts, ask the server at this address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


Fault = Callable[["Relay"], bool]
"""Called with each request before it is passed on; True: it has been dealt with."""


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a server on the loopback; `fault` may do something else."""

    daemon_threads = True

    def __init__(self, server: int) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.behind = server
        self.fault: Fault = lambda _: False
        self.seen: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, *words: str) -> int:
        """How many requests hold all these words in their first line or their range."""
        return sum(all(word in one for word in words) for one in self.seen)


class Relay(BaseHTTPRequestHandler):
    """One request, and its answer."""

    server: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _relay(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(f"{self.command} {self.path} {self.headers.get('Range', '')}")
        if not self.server.fault(self):
            self.pass_on()

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _relay  # noqa: N815

    def is_for(self, command: str, end: str) -> bool:
        return self.command == command and self.path.split("?")[0].endswith(end)

    def pass_on(self, most: int | None = None) -> None:
        """Ask the server behind and hand its answer on; `most`: cut it after so many bytes."""
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        behind.request(self.command, self.path, self.body, dict(self.headers.items()))
        answer = behind.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        behind.close()
        self.wfile.write(content[:most])
        if most is not None:
            self.cut()

    def refuse(self, status: int, code: str) -> None:
        """Answer with an error of S3."""
        content = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def cut(self) -> None:
        """End the connection."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def proxy_before(server: int) -> Iterator[Proxy]:
    """Run such a proxy in threads of this process."""
    proxy = Proxy(server)
    with serving(proxy):
        yield proxy
