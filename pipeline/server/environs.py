"""From an ASGI scope to a WSGI environ, as PEP 3333 has it."""

import io
import sys
from functools import lru_cache
from typing import Any

Environ = dict[str, Any]
Scope = dict[str, Any]

_BASE: Environ = {
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
    "SCRIPT_NAME": "",
}


def to_environ(scope: Scope) -> Environ:
    """The environ of a request whose body is not there yet.

    A field that is given several times is one value with commas, as in RFC 9110. A name with an
    underscore is left out: it would pass for the one with a hyphen, which a proxy may guard.
    """
    client, server = scope["client"] or ("", 0), scope["server"] or ("", 0)
    environ = {
        **_BASE,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "wsgi.input": io.BytesIO(),
    }
    for name, value in scope["headers"]:
        key = _key(name)
        if key is not None:
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def content_length(environ: Environ) -> int:
    """Bytes of the body, as the client says; the parser has seen that it is a number."""
    return int(environ.get("CONTENT_LENGTH") or 0)


def is_chunked(environ: Environ) -> bool:
    """Whether the body has no length, but pieces that have."""
    return "HTTP_TRANSFER_ENCODING" in environ


@lru_cache(maxsize=1024)
def _key(name: bytes) -> str | None:
    if b"_" in name:
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
