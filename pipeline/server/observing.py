"""Every request gets an id and headers, is counted, and is logged in one line."""

import json
import logging
import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any

from flask import Flask, got_request_exception, request
from prometheus_client import Counter, Histogram

from pipeline.server import prometheus
from pipeline.server.context import CONTEXT, RequestContext

_OTHER = "other"

_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Environ = dict[str, Any]


class Observed:
    """WSGI middleware: Flask's own hooks would cost several times more.

    Routes are known by their path; a path with a variable part counts as its first folder.
    """

    def __init__(self, app: Flask, log_requests: bool) -> None:
        self._app = app.wsgi_app
        self._log_requests = log_requests
        self._routes = {rule.rule for rule in app.url_map.iter_rules()}
        self._folders = {rule.rpartition("/")[0] for rule in self._routes if "<" in rule}
        got_request_exception.connect(_log_bug, app)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if CONTEXT not in environ:  # another server than ours has read the request
            environ[CONTEXT] = RequestContext(time.monotonic())
        given = environ.get("HTTP_X_REQUEST_ID")
        is_good = given is not None and _GOOD_ID.fullmatch(given)
        environ[CONTEXT].request_id = given if is_good else f"{random.getrandbits(64):016x}"
        return self._app(environ, partial(self._start, environ, start_response))

    def _start(
        self,
        environ: Environ,
        start_response: Callable[..., Any],
        status: str,
        headers: list[tuple[str, str]],
        *rest: Any,
    ) -> Any:
        """The application's start_response: add headers, count the request, log it."""
        context: RequestContext = environ[CONTEXT]
        path: str = environ["PATH_INFO"]
        headers += _HEADERS
        headers.append(("X-Request-ID", context.request_id))
        if path.count("/") == 1:
            headers.append(("Cache-Control", "no-store"))
        seconds = time.monotonic() - context.received
        route = path if path in self._routes else self._folder(path)
        count, latency = _figures(route, status[:3], context.slot or "none")
        count.inc()
        latency.observe(seconds)
        if self._log_requests:
            _log_request(environ, context, route, status, seconds)
        return start_response(status, headers, *rest)

    def _folder(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        return folder if folder in self._folders else _OTHER


@cache
def _figures(route: str, status: str, slot: str) -> tuple[Counter, Histogram]:
    """The metrics with these labels; cached, since looking them up takes longer than counting."""
    return prometheus.REQUESTS.labels(route, status, slot), prometheus.LATENCY.labels(route, slot)


def _log_request(
    environ: Environ, context: RequestContext, route: str, status: str, seconds: float
) -> None:
    """Write the line that `log` would, in a quarter of the time: most values are cached."""
    method = environ["REQUEST_METHOD"] if route != _OTHER else None
    sys.stderr.write(
        f'{{"time": "{_now()}", "event": "request", "id": "{context.request_id}", '
        f'"client": {_quoted(environ.get("REMOTE_ADDR"))}, "method": {_quoted(method)}, '
        f'"route": {_quoted(route)}, "status": {status[:3]}, "ms": {seconds * 1000:.3f}, '
        f'"slot": {_quoted(context.slot)}, "texts": {_quoted(context.text_count)}, '
        f'"model": {_quoted(context.model)}}}\n'
    )


def _log_bug(_: Flask, exception: Exception, **__: Any) -> None:
    """Log an exception's type and place, but not its message, which may hold the text."""
    log("bug", id=request.environ[CONTEXT].request_id, **_trace(exception))


def _trace(exception: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(exception.__traceback__)[-8:]
    at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type(exception).__name__, "at": at}


_encode = json.JSONEncoder(ensure_ascii=False).encode
_quoted = lru_cache(maxsize=4096)(_encode)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def log(event: str, **facts: object) -> None:
    """Write one line of JSON to stderr, in one call."""
    sys.stderr.write(_encode({"time": _now(), "event": event, **facts}) + "\n")


class JsonLines(logging.Formatter):
    """Log records as lines of JSON, for what libraries and the models log."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; of an exception only its type and place, since its message may hold a text."""
        now = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": now, "event": record.levelname.lower()}
        line |= {"logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            line |= _trace(record.exc_info[1])
        return _encode(line)
