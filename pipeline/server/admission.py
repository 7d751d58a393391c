"""Who may ask: checks of a request's head, before its body is read and any model is asked."""

from werkzeug.middleware.proxy_fix import ProxyFix

from pipeline.server.environs import Environ, content_length, is_chunked
from pipeline.server.guarding import KeyRing, RateLimiter, is_guarded
from pipeline.server.origins import Hosts, Origins
from pipeline.server.refusals import RequestRefused, body_too_large
from pipeline.server.settings import ServerSettings


class Admission:
    """Checks the Host, the origin, the key, the rate, and how the body is framed, in this order."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self._hosts, self.origins = Hosts(settings), Origins(settings.cors_origins)
        self._keys = KeyRing(settings.keys)
        self._limiter = RateLimiter(settings.rate) if settings.rate else None
        # Called for what it does to the environ: the client's address becomes the one forwarded.
        self._proxies = ProxyFix(lambda *_: (), x_for=settings.proxies)

    def refusal(self, environ: Environ) -> RequestRefused | None:
        """Why this request is refused, None if it is not."""
        try:
            self._check(environ)
        except RequestRefused as refusal:
            return refusal
        return None

    def _check(self, environ: Environ) -> None:
        if self.settings.proxies:
            self._proxies(environ, lambda *_: lambda _: None)
        self._hosts.check(environ)
        self.origins.check(environ)
        if is_guarded(environ["PATH_INFO"]) and environ["REQUEST_METHOD"] != "OPTIONS":
            self._keys.check(environ.get("HTTP_AUTHORIZATION", ""))
            if self._limiter is not None:
                self._limiter.check(environ["REMOTE_ADDR"])
        if is_chunked(environ):
            message = "Send a Content-Length, not a chunked body."
            raise RequestRefused(411, "length_required", message)
        if content_length(environ) > self.settings.max_body:
            raise body_too_large(self.settings.max_body)
