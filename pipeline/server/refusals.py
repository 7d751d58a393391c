"""Error answers: `{"error": {"code", "message", "field"}}`, which never repeat the input.

Under `/v2` they have the form that the Open Inference Protocol prescribes: `{"error": message}`.
"""

import json
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound

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
    return RequestRefused(503, *REFUSALS[503], retry_after=RETRY_SECONDS)


def too_late() -> RequestRefused:
    """The refusal when the deadline is over."""
    message = "The answer took longer than allowed. Send fewer texts at a time."
    return RequestRefused(504, "deadline", message)


def body_too_large(largest: int) -> RequestRefused:
    """The refusal of a body of more bytes than this."""
    message = f"The body is over {largest / 2**20:g} MiB. Send fewer texts at a time."
    return RequestRefused(413, "body_too_large", message)


REFUSALS = {
    400: ("bad_request", "This is not HTTP as this server speaks it."),
    408: ("request_timeout", "The request took too long to arrive."),
    414: ("uri_too_long", "The address is too long."),
    431: ("headers_too_large", "The headers are too large."),
    500: ("internal_server_error", "The server failed at this request."),
    503: ("overloaded", "Too many requests are under way. Try again in a moment."),
}
"""Code and message of what is answered without the application, by status."""


def plain_refusal(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    """A whole answer, the last one of its connection, with these headers among others."""
    body = error_body(*REFUSALS[status])
    more = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 503:
        more.append((b"retry-after", b"%d" % RETRY_SECONDS))
    lines = [b"%s: %s\r\n" % field for field in (*headers, *more, (b"connection", b"close"))]
    reason = HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (status, reason, b"".join(lines), body)


def error_body(code: str, message: str, field: str | None = None) -> bytes:
    """The body of an error answer."""
    return json.dumps({"error": {"code": code, "message": message, "field": field}}).encode()


def _is_open_inference(path: str) -> bool:
    return path == "/v2" or path.startswith("/v2/")


def _error(path: str, status: int, code: str, message: str, field: str | None = None) -> Response:
    """An error answer in the form of the door that the request came in by."""
    if not _is_open_inference(path):
        return Response(error_body(code, message, field), status, mimetype="application/json")
    content = json.dumps({"error": f"{field}: {message}" if field else message})
    # The protocol knows 400 for all that is wrong with a request.
    return Response(content, 400 if status == 422 else status, mimetype="application/json")


def register_error_handlers(app: Flask) -> None:
    """Answer our refusals, Flask's own errors and bugs in the contract's form."""
    app.register_error_handler(RequestRefused, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SentimentError, _model_error)


def _refusal(error: RequestRefused) -> Response:
    return refusal_response(error, request.path)


def refusal_response(error: RequestRefused, path: str) -> Response:
    """The answer to a request to this path that is refused."""
    response = _error(path, error.status, error.code, error.message, error.field)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _model_error(error: SentimentError) -> Response:
    return _refusal(as_refusal(error))


def as_refusal(error: RequestRefused | SentimentError) -> RequestRefused:
    """The refusal for what a handler raises, whose message may hold the text: it is left out."""
    if isinstance(error, RequestRefused):
        return error
    if isinstance(error, InvalidInput):
        message = "The model cannot read one of these texts."
        return RequestRefused(422, "text_refused", message, "text")
    message = "The model cannot answer now. Try again in a moment."
    return RequestRefused(503, "model_unavailable", message, retry_after=RETRY_SECONDS)


def _http_error(error: HTTPException) -> Response:
    """Flask's and Werkzeug's own errors, their headers kept; an unforeseen exception gives 500."""
    code = error.name.lower().replace(" ", "_")
    message = error.description or error.name
    if isinstance(error, NotFound) and _is_open_inference(request.path):
        message = "No such path or model. The models are fast and deep, without versions."
    response = _error(request.path, error.code or 500, code, message)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response
