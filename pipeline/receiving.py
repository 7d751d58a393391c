"""What a server that need not be ours may send: so many bytes, for so long, whatever it sends.

Parsing HTTP is left to http.client, which reads the answer through `Bounded`.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bounds:
    """`seconds`: for the whole answer, or, with `renewed_by`, for each so many bytes of it.

    `most_bytes`: of the answer, its head and what goes before it included.
    """

    seconds: float
    most_bytes: int
    renewed_by: int | None = None


def response_class(
    bounds: Bounds, deadline: float | None = None
) -> Callable[..., http.client.HTTPResponse]:
    """A `response_class` for connections of http.client; `deadline`: of the monotonic clock."""

    def make(sock: socket.socket, *arguments: Any, **options: Any) -> http.client.HTTPResponse:
        bounded = Bounded(sock, bounds, deadline or time.monotonic() + bounds.seconds)
        return http.client.HTTPResponse(bounded, *arguments, **options)  # type: ignore[arg-type]

    return make


class Bounded(io.RawIOBase):
    """What a socket receives within bounds; beyond them, reading it fails.

    A socket's own timeout begins anew with each byte, and so never ends a slow answer.
    """

    def __init__(self, sock: socket.socket, bounds: Bounds, deadline: float) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)  # keeps it open until the answer is read
        self._bounds = bounds
        self._deadline = deadline
        self._received = 0
        self._renewed_at = 0

    def makefile(self, _: str) -> io.BufferedReader:
        """The file that http.client reads an answer from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receive bytes; TimeoutError and ValueError beyond the bounds."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        self._sock.settimeout(left)
        count = self._stream.readinto(buffer) or 0
        self._received += count
        if self._received > self._bounds.most_bytes:
            raise ValueError("it sends too much")
        self._renew()
        return count

    def _renew(self) -> None:
        wanted = self._bounds.renewed_by
        if wanted is not None and self._received - self._renewed_at >= wanted:
            self._renewed_at = self._received
            self._deadline = time.monotonic() + self._bounds.seconds

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()
        super().close()
