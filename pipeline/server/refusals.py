"""Error answers: `{"error": {"code", "message", "field"}}`, which never repeat the input."""

import json

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from pipeline.errors import InvalidInput, SentimentError

RETRY_SECONDS = 1
"""In Retry-After when too much is under way: an overload rarely lasts longer."""


class RequestRefused(Exception):
    """A request that gets an error answer: HTTP status, machine-readable code, message, field.

    `retry_after`: seconds after which to try again, None if that would not help.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        field: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.retry_after = retry_after


def overloaded() -> RequestRefused:
    """The refusal when too many requests are under way."""
    message = "Too many requests are under way. Try again in a moment."
    return RequestRefused(503, "overloaded", message, retry_after=RETRY_SECONDS)


def too_late() -> RequestRefused:
    """The refusal when the deadline is over."""
    message = "The answer took longer than allowed. Send fewer texts at a time."
    return RequestRefused(504, "deadline", message)


def error_body(code: str, message: str, field: str | None = None) -> bytes:
    """The body of an error answer."""
    return json.dumps({"error": {"code": code, "message": message, "field": field}}).encode()


def register_error_handlers(app: Flask) -> None:
    """Answer our refusals, Flask's own errors and bugs in the contract's form."""
    app.register_error_handler(RequestRefused, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SentimentError, _model_error)


def _refusal(error: RequestRefused) -> Response:
    body = error_body(error.code, error.message, error.field)
    response = Response(body, error.status, mimetype="application/json")
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _model_error(error: SentimentError) -> Response:
    """Answer a handler's error. Its message may hold the text, so it is not passed on."""
    if isinstance(error, InvalidInput):
        message = "The model cannot read one of these texts."
        return _refusal(RequestRefused(422, "text_refused", message, "text"))
    message = "The model cannot answer now. Try again in a moment."
    return _refusal(RequestRefused(503, "model_unavailable", message, retry_after=RETRY_SECONDS))


def _http_error(error: HTTPException) -> Response:
    """Flask's and Werkzeug's own errors, their headers kept; an unforeseen exception gives 500."""
    code = error.name.lower().replace(" ", "_")
    message = error.description or error.name
    if isinstance(error, RequestEntityTooLarge):
        code, message = "body_too_large", "The body is over 1 MiB. Send fewer texts at a time."
    response = Response(error_body(code, message), error.code, mimetype="application/json")
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response
