"""Clients that mean a server ill, and whether it and everybody else are unharmed."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import requests

from tests.support.served import Served
from tests.support.waiting import wait_until

GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
BODY = b'{"text": "good", "do_fast": true}'
LARGE_PAGE = GET % b"/docs/swagger-ui-bundle.js"
"""A short request for an answer of 1.5 MB."""
LARGEST_WORKER = 250.0
"""MB: 64 of unread answers, as much of unfinished requests, and what a worker takes anyhow."""


def connect(port: int, timeout: float = 15) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def reset(client: socket.socket) -> None:
    """Leave with a reset in place of the usual farewell."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextmanager
def crowd(port: int, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections at once, each of which has sent this."""
    import resource  # which Windows has not, where no test needs it

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(port)) for _ in range(count)]
        for client in clients:
            with contextlib.suppress(OSError):  # it may have been given up for a newer one
                client.sendall(sent)
        yield clients


def rest_of(client: socket.socket) -> bytes:
    """All that still comes, to the end of the connection."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            data += part
    return data


@contextmanager
def unharmed(server: Served, longest: float = 2.0) -> Iterator[None]:
    """Everybody else is served, amid this and after it, and no worker dies of it.

    `longest`: seconds that a request of somebody else's may take amid it.
    """
    before = set(server.workers())
    yield
    slowest = max(seconds_of_an_answer(server) for _ in range(5))
    assert slowest < longest, f"a request took {slowest:.2f} s"
    assert set(server.workers()) == before


def seconds_of_an_answer(server: Served) -> float:
    """How long somebody else's request takes, over a connection of its own."""
    started = time.monotonic()
    assert requests.post(f"{server.url}/predict", data=BODY, timeout=15).status_code == 200
    return time.monotonic() - started


def resident(server: Served) -> float:
    """Memory of the largest worker, in MB."""
    return max(_resident(pid) for pid in server.workers()) / 1024


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def ends(server: Served, seconds: float, sent: int = signal.SIGTERM) -> None:
    """Sent the signal, it ends within so many seconds, with 0."""
    server.process.send_signal(sent)
    assert server.process.wait(seconds) == 0


@cache
def why_no_mounts() -> str | None:
    """Why nothing can be mounted here for one process alone, None if it can."""
    command = ("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/dev/shm")  # noqa: S108
    tried = subprocess.run(command, capture_output=True)
    return "no file system may be mounted here" if tried.returncode else None


def replaces_a_worker(server: Served) -> None:
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(set(server.workers()) - {victim}) == 2)
    assert seconds_of_an_answer(server) < 5
