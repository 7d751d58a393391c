"""The Flask application: HTTP only; every answer comes from a handler."""

from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from pipeline.handlers.base import Handler
from pipeline.server.schemas import RequestRefused, parse_request

LARGEST_BODY = 2**20
"""Bytes."""

# A missing type is how the course's own client sends JSON, the form type is how curl -d does.
_JSON_TYPES = ("", "application/json", "application/x-www-form-urlencoded")


def create_app(handlers: Mapping[str, Handler]) -> Flask:
    """Make the application around initialized handlers, by slot: `fast`, `deep` or both."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_error_handler(RequestRefused, _refusal)
    app.register_error_handler(HTTPException, _http_error)

    @app.post("/predict")
    def predict() -> Response:
        asked = parse_request(_body())
        handler = _choose(handlers, asked.do_fast)
        predictions = handler.handle(asked.texts)
        response = jsonify(
            {str(n): prediction._asdict() for n, prediction in enumerate(predictions)}
        )
        response.headers["X-Model"] = handler.name
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        models = {slot: handler.name for slot, handler in handlers.items()}
        status = "ready" if models else "no model"
        return jsonify(status=status, models=models), 200 if models else 503

    return app


def _body() -> bytes:
    if request.mimetype not in _JSON_TYPES:
        raise RequestRefused(415, "unsupported_media_type", "Send JSON, as application/json.")
    if "Transfer-Encoding" in request.headers:
        raise RequestRefused(411, "length_required", "Send a Content-Length, not a chunked body.")
    return request.get_data(cache=False)


def _choose(handlers: Mapping[str, Handler], do_fast: bool | None) -> Handler:
    """The handler asked for, and never another one in its place."""
    if do_fast is None:
        do_fast = "deep" not in handlers
    slot = "fast" if do_fast else "deep"
    if slot not in handlers:
        raise RequestRefused(
            503, "model_unavailable", f"This server has no {slot} model.", "do_fast"
        )
    return handlers[slot]


def _refusal(error: RequestRefused) -> tuple[Response, int]:
    return _error(error.status, error.code, error.message, error.field)


def _http_error(error: HTTPException) -> Response:
    """Flask's and Werkzeug's own errors in the contract's form, their headers kept."""
    status = error.code or 500
    response, _ = _error(
        status, error.name.lower().replace(" ", "_"), error.description or error.name
    )
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    response.status_code = status
    return response


def _error(status: int, code: str, message: str, field: str | None = None) -> tuple[Response, int]:
    return jsonify(error={"code": code, "message": message, "field": field}), status
