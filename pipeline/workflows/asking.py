"""Asking a server that need not be ours: what it may cost is bounded, whatever it sends.

An answer is read within the bounds of `pipeline.receiving`. No redirect is followed, so that a key
goes to no other server than the one named.
"""

import http.client
import json
import time
from typing import Any, Never

import numpy as np

from pipeline.addresses import reason_of, split_address
from pipeline.errors import ResourceUnavailable
from pipeline.receiving import Bounds, response_class

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
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._timeout = timeout
        self._connection = _KINDS[parts.scheme](host, parts.port, timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str | None = "application/json",
    ) -> tuple[int, dict[str, Any], str | None]:
        """Status, JSON object and X-Model of the answer; `content_type` None: sent without one.

        Raises ResourceUnavailable where there is no such answer in time and size.
        """
        try:
            status, content, model = self._exchange(method, self._path + path, body, content_type)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()  # the next request begins anew
            raise ResourceUnavailable(f"{self.url} does not answer: {reason_of(error)}.") from None
        return status, self._parse(content), model

    def _exchange(
        self, method: str, path: str, body: bytes | None, content_type: str | None
    ) -> tuple[int, bytes, str | None]:
        deadline = time.monotonic() + self._timeout
        if self._connection.sock is not None:  # its timeout is what was left of the last answer's
            self._connection.sock.settimeout(self._timeout)
        bounds = Bounds(self._timeout, MOST_BYTES)
        self._connection.response_class = response_class(bounds, deadline)
        kind = {} if content_type is None else {"Content-Type": content_type}
        self._connection.request(method, path, body, {**self._headers, **kind})
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


class Timed:
    """Requests that were answered within so many seconds each."""

    seconds: list[float]

    def percentile(self, percent: float) -> float:
        """Milliseconds within which `percent` % of them were answered; NaN if there are none."""
        return float(np.percentile(self.seconds, percent) * 1000) if self.seconds else float("nan")


def body_of(text: str | list[str], do_fast: bool) -> bytes:
    """A request for these texts."""
    return json.dumps({"text": text, "do_fast": do_fast}).encode()


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")
