"""Flask without what this API does not use, and would pay for at each request."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter


class _NoSessions(SessionInterface):
    """Does without the cookie: every request gets the same empty session."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002
        """An empty session that cannot be written to."""
        return self._none


class LeanFlask(Flask):
    """No sessions, no routing by host, no coroutines, and none of Flask's own hooks.

    So `before_request`, `after_request` and `teardown_request` have no effect: what every request
    needs is in `Observed`. All methods here are those that Flask documents as to be overridden.
    """

    session_interface = _NoSessions()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Find routes by path and method alone, whatever the Host header says."""
        if request is None:
            return super().create_url_adapter(None)
        return self.url_map.bind("", path_info=request.path, default_method=request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """A view is a function, no coroutine."""
        return func

    def preprocess_request(self) -> None:
        """Call no hooks."""

    def process_response(self, response: Response) -> Response:
        """Call no hooks, and save no session."""
        return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Call no hooks."""
