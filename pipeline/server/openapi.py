"""The OpenAPI document, made from the schemas that requests are checked with."""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pipeline.server.openapi_doors import OPEN_INFERENCE, open_inference_paths, sagemaker_paths
from pipeline.server.openapi_parts import (
    ERRORS,
    REFERENCE,
    json_of,
    look,
    model_header,
    operation,
    parameter,
)
from pipeline.server.rows import BINARY, MOST_ROWS, RowsResponse
from pipeline.server.schemas import (
    ErrorResponse,
    ExplainRequest,
    ExplainResponse,
    PredictRequest,
    PredictResponse,
)
from pipeline.server.settings import ServerSettings

_MODELS: tuple[type[BaseModel], ...] = (
    PredictRequest,
    PredictResponse,
    ExplainRequest,
    ExplainResponse,
    RowsResponse,
    ErrorResponse,
)


def openapi_document(settings: ServerSettings) -> dict[str, Any]:
    """The document as plain types; SageMaker's routes are in it where the server has them."""
    paths = {**_paths(), **open_inference_paths()}
    if settings.sagemaker:
        paths |= sagemaker_paths()
    _, schemas = models_json_schema(
        [(model, "validation") for model in (*_MODELS, *OPEN_INFERENCE)], ref_template=REFERENCE
    )
    texts = schemas["$defs"]["PredictRequest"]["properties"]["text"]["oneOf"][1]
    texts["maxItems"] = settings.max_texts
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
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/predict": {
            "post": operation(
                "Label texts", json_of(PredictRequest), json_of(PredictResponse), model_header()
            )
        },
        "/explain": {
            "post": operation(
                "Show what decided the fast model's answer",
                json_of(ExplainRequest),
                json_of(ExplainResponse),
                model_header(),
            )
        },
        "/rows": {"post": _rows()},
        "/healthz": {"get": look("The process runs")},
        "/readyz": {
            "get": look("Models are loaded, verified and have given their golden answers", 503)
        },
        "/metrics": {"get": look("Metrics in the format of Prometheus", 401, kind="text/plain")},
    }


def _rows() -> dict[str, Any]:
    summary = f"Read the rows of a file as `predict` does, {MOST_ROWS:,} at most; none is stored"
    errors = {
        **ERRORS,
        415: f"another Content-Type than {BINARY}, or a spreadsheet without the extra `excel`",
        422: f"no file of reviews, or too large a one: {MOST_ROWS:,} rows at most",
        503: "too much is under way: see Retry-After",
    }
    del errors[400]
    rows = operation(summary, {BINARY: {}}, json_of(RowsResponse), {}, errors)
    rows["parameters"] = [
        parameter("name", "query", "the file's name, whose suffix tells its format"),
        parameter("column", "query", "the reviews' column, by its name or number"),
    ]
    return rows
