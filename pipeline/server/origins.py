"""Which pages may ask through a visitor's browser: by the names of this server, and by origin.

A page elsewhere can have its name resolve to 127.0.0.1 (DNS rebinding); what it then asks comes
with its own name in the Host header. It can also post without a preflight; browsers then say in
Sec-Fetch-Site and Origin where the request comes from.
"""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from pipeline.server.environs import Environ
from pipeline.server.refusals import RequestRefused
from pipeline.server.settings import ServerSettings

ANY = "*"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-ID"),
    ("Access-Control-Max-Age", "600"),
]
_READABLE = ("Access-Control-Expose-Headers", "Retry-After, X-Model, X-Request-ID")


class Hosts:
    """The names by which this server may be called; an address is no name, so all are good."""

    def __init__(self, settings: ServerSettings) -> None:
        names = ("localhost", settings.host, *settings.allow_hosts)
        self._names = {name.lower().rstrip(".") for name in names}
        self._is_good = lru_cache(maxsize=1024)(self._is_good_now)

    def check(self, environ: Environ) -> None:
        """Raise RequestRefused: 400 without a Host that can be read, 421 for another's name."""
        host = environ.get("HTTP_HOST")
        if host is None and environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            return
        if not host or "," in host or "/" in host or "@" in host:
            raise RequestRefused(400, "bad_host", "Send one Host header, with a name or address.")
        if not self._is_good(host):
            message = "This server has another name. It can be given this one by --allow-host."
            raise RequestRefused(421, "host_refused", message)

    def _is_good_now(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return ANY in self._names or name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Origins:
    """The other sites whose pages may ask and read the answer."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = {origin.lower().rstrip("/") for origin in allowed}

    def check(self, environ: Environ) -> None:
        """Raise RequestRefused (403) for a request that another site's page has a browser send."""
        if environ["REQUEST_METHOD"] in _SAFE:
            return
        origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")
        if self._allows(origin) or site in ("same-origin", "none"):
            return
        if site or (origin and origin.partition("://")[2] != environ.get("HTTP_HOST")):
            message = "Pages of other sites may not ask this server. --cors-origin allows one."
            raise RequestRefused(403, "cross_origin", message)

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and (ANY in self._allowed or origin.lower() in self._allowed)

    def headers(self, environ: Environ) -> list[tuple[str, str]]:
        """What an answer needs for a page of an allowed site to read it."""
        origin = environ.get("HTTP_ORIGIN")
        if not self._allowed or not self._allows(origin):
            return [("Vary", "Origin")] if self._allowed else []
        is_preflight = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        allowed = [("Access-Control-Allow-Origin", str(origin)), ("Vary", "Origin")]
        return [*allowed, *(_PREFLIGHT if is_preflight else [_READABLE])]
