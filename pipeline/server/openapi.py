"""The OpenAPI document, made from the schemas that requests are checked with."""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pipeline.server.schemas import (
    ErrorResponse,
    ExplainRequest,
    ExplainResponse,
    PredictRequest,
    PredictResponse,
)

_REFERENCE = "#/components/schemas/{model}"
_KEY: list[dict[str, list[str]]] = [{}, {"key": []}]
"""No API key, or one if the server asks for it."""
_ERRORS = {
    400: "malformed JSON, not UTF-8, or nested too deeply",
    401: "no API key, or a wrong one, if the server asks for one",
    411: "a chunked body: send a Content-Length",
    413: "the body is over 1 MiB",
    415: "another Content-Type than JSON",
    422: "wrong types, empty or too long text, too many texts, unknown or repeated key",
    429: "this client asks too often: see Retry-After",
    503: "too much is under way (see Retry-After), or the model asked for is not there",
    504: "the answer took longer than allowed",
}


def openapi_document() -> dict[str, Any]:
    """The document as plain types."""
    models = (PredictRequest, PredictResponse, ExplainRequest, ExplainResponse, ErrorResponse)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFERENCE
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sentiment",
            "version": version("sentiment-toolkit"),
            "description": "Sentiment of Korean movie reviews.",
        },
        "tags": [
            {"name": "models", "description": "predictions and explanations"},
            {"name": "operations", "description": "state of the server"},
        ],
        "paths": _paths(),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/predict": {
            "post": _operation("Label texts", PredictRequest, PredictResponse, _model_header())
        },
        "/explain": {
            "post": _operation(
                "Show what decided the fast model's answer",
                ExplainRequest,
                ExplainResponse,
                _model_header(),
            )
        },
        "/healthz": {"get": _look("The process runs")},
        "/readyz": {
            "get": _look("Models are loaded, verified and have given their golden answers", 503)
        },
        "/metrics": {"get": _look("Metrics in the format of Prometheus", 401, kind="text/plain")},
    }


def _operation(
    summary: str, body: type[BaseModel], answer: type[BaseModel], headers: dict[str, Any]
) -> dict[str, Any]:
    return {
        "tags": ["models"],
        "summary": summary,
        "security": _KEY,
        "requestBody": {"required": True, "content": _json_of(body)},
        "responses": {
            "200": {"description": "answered", "headers": headers, "content": _json_of(answer)},
            **{
                str(status): {"description": text, "content": _json_of(ErrorResponse)}
                for status, text in _ERRORS.items()
            },
        },
    }


def _look(summary: str, *other: int, kind: str = "application/json") -> dict[str, Any]:
    content = {kind: {"schema": {"type": "string" if kind == "text/plain" else "object"}}}
    errors = {str(status): {"description": "no, or not now"} for status in other}
    return {
        "tags": ["operations"],
        "summary": summary,
        **({"security": _KEY} if 401 in other else {}),
        "responses": {"200": {"description": "yes", "content": content}, **errors},
    }


def _json_of(model: type[BaseModel]) -> dict[str, Any]:
    reference = _REFERENCE.format(model=model.__name__)
    return {"application/json": {"schema": {"$ref": reference}}}


def _model_header() -> dict[str, Any]:
    text = "slot and first 12 digits of the artifact that answered"
    schema = {"type": "string", "example": "fast@0123456789ab"}
    return {"X-Model": {"description": text, "schema": schema}}
