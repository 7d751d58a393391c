"""Asking a server that need not be ours: what it may cost is bounded, whatever it sends.

Parsing HTTP is left to http.client, and it is given only so many bytes, for only so long. No
redirect is followed, so that a key goes to no other server than the one named.
"""

import http.client
import io
import json
import socket
import time
from functools import partial
from typing import Any, Never

from pipeline.addresses import reason_of, split_address
from pipeline.errors import ResourceUnavailable

TIMEOUT_SECONDS = 30.0
"""From a request to the last byte of its answer; connecting has as long for each address."""
MOST_BYTES = 2**20
"""Of an answer, its head and what goes before it included."""
_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class Server:
    """A server, asked over one connection for JSON objects.

    `key`: API key that is sent. `timeout`: seconds that an answer may take in all. Raises
    InvalidInput for an invalid address. Nothing is connected before the first request.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        parts, host = split_address(url)
        self.url = url.rstrip("/")
        self._path = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout = timeout
        self._connection = _KINDS[parts.scheme](host, parts.port, timeout=timeout)

    def ask(
        self, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, dict[str, Any], str | None]:
        """Status, JSON object and X-Model of the answer.

        Raises ResourceUnavailable where there is no such answer in time and size.
        """
        try:
            status, content, model = self._exchange(method, self._path + path, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ResourceUnavailable(f"{self.url} does not answer: {reason_of(error)}.") from None
        return status, self._parse(content), model

    def _exchange(
        self, method: str, path: str, body: bytes | None
    ) -> tuple[int, bytes, str | None]:
        deadline = time.monotonic() + self._timeout
        if self._connection.sock is not None:  # its timeout is what was left of the last answer's
            self._connection.sock.settimeout(self._timeout)
        self._connection.response_class = partial(_bounded_response, deadline)
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        return response.status, response.read(MOST_BYTES), response.headers.get("X-Model")

    def _parse(self, content: bytes) -> dict[str, Any]:
        try:
            record = json.loads(content, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise ResourceUnavailable(f"{self.url} does not answer like a sentiment server.")
        return record

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _bounded_response(
    deadline: float, sock: socket.socket, *arguments: Any, **options: Any
) -> http.client.HTTPResponse:
    return http.client.HTTPResponse(_Bounded(sock, deadline), *arguments, **options)  # type: ignore[arg-type]


class _Bounded(io.RawIOBase):
    """What a socket receives, until a deadline and up to MOST_BYTES; then reading it fails.

    A socket's own timeout begins anew with each byte, and so never ends a slow answer.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)  # keeps it open until the answer is read
        self._deadline = deadline
        self._received = 0

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
        if self._received > MOST_BYTES:
            raise ValueError("it sends too much")
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()
        super().close()
