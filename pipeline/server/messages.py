"""HTTP/1.1 messages: a request's bytes to what WSGI calls its environ, an answer to bytes.

A request of the plainest form, which nearly every one has, is read here. Whatever else can stand in
one goes through gunicorn's parser, which knows all of RFC 9112 but takes several times as long.
"""

import io
import re
import sys
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any, NamedTuple

from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser

from pipeline.server.connection import Connection

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

# Possessive quantifiers: no head is looked at twice. No tabs, no bytes beyond ASCII.
_PLAIN = re.compile(
    rb"(GET|POST) (/[A-Za-z0-9_./-]{0,1000}) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z-]++: [ -~]{0,4000}+\r\n)++)\r\n"
)
_HARMLESS = """
accept accept-encoding accept-language authorization cache-control connection cookie dnt host origin
pragma priority referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode
sec-fetch-site sec-fetch-user upgrade-insecure-requests user-agent x-forwarded-for x-request-id
"""
_KEYS = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in _HARMLESS.split()}
_KEYS |= {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
"""Fields that decide nothing about how a request is to be read, or that are looked at below."""

_BODILESS = ("204", "304")


class Message(NamedTuple):
    """A request; whether its answer ends the connection, and whether the answer has a body."""

    environ: Environ
    is_last: bool
    wants_body: bool


def read_message(request: bytes, connection: Connection, cfg: Any) -> Message:
    """Read one whole request, as `Connection.next_request` gives it.

    Raises what gunicorn's parser raises where it is none. `cfg`: gunicorn's settings.
    """
    environ = _read_plain(request, connection)
    if environ is not None:
        return Message(environ, is_last=False, wants_body=True)
    parsed = next(RequestParser(cfg, [request], connection.client))
    _, environ = wsgi.create(parsed, connection, connection.client, connection.server, cfg)
    environ["wsgi.multithread"] = True
    return Message(environ, parsed.should_close(), parsed.method != "HEAD")


def _read_plain(request: bytes, connection: Connection) -> Environ | None:
    """The environ of a request in the plainest form, None for any other."""
    found = _PLAIN.match(request)
    if found is None:
        return None
    method, path, head = found.groups()
    environ = _connected(connection).copy()
    for line in head.decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        key = _KEYS.get(name.lower())
        if key is None or key in environ:
            return None
        environ[key] = value.strip(" ")
    body = request[found.end() :]
    if (
        "HTTP_HOST" not in environ
        or environ.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive"
        or environ.get("CONTENT_LENGTH", "0") != str(len(body))
    ):
        return None
    environ["REQUEST_METHOD"] = method.decode("ascii")
    environ["PATH_INFO"] = path.decode("ascii")
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def _connected(connection: Connection) -> Environ:
    """What all plain requests of a connection have in common."""
    if not connection.environ:
        client, server = connection.client, connection.server
        connection.environ = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
        }
    return connection.environ


class Answer:
    """An answer as the application gives it: `start` is WSGI's start_response."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: Headers = []
        self._written: list[bytes] = []

    def start(self, status: str, headers: Headers, exc_info: object = None) -> Any:
        """Take status and headers; with `exc_info`, in place of those before."""
        if self.status and not exc_info:
            raise AssertionError("start_response was called twice")
        self.status, self.headers = status, headers
        return self._written.append

    def to_bytes(self, chunks: Iterable[bytes], is_last: bool, wants_body: bool) -> bytes:
        """The whole answer; the last one of its connection says so."""
        body = b"".join((*self._written, *chunks))
        lines = [f"{name}: {value}" for name, value in self.headers]
        has_body = not self.status.startswith(_BODILESS)
        if has_body and not any(name.lower() == "content-length" for name, _ in self.headers):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(
            [
                f"HTTP/1.1 {self.status}",
                f"Date: {_date(int(time.time()))}",
                f"Connection: {'close' if is_last else 'keep-alive'}",
                *lines,
                "\r\n",
            ]
        ).encode("latin-1")
        return head + body if has_body and wants_body else head


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
