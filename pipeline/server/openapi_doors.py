"""The description of the other doors: the Open Inference Protocol and Amazon SageMaker."""

from typing import Any

from pydantic import BaseModel

from pipeline.server.binary_tensors import HEADER_LENGTH
from pipeline.server.inference_schemas import InferRequest, InferResponse
from pipeline.server.openapi_parts import (
    ERRORS,
    json_of,
    look,
    model_header,
    operation,
    parameter,
)
from pipeline.server.rows import BINARY
from pipeline.server.sagemaker import ATTRIBUTES
from pipeline.server.schemas import PredictRequest, PredictResponse
from pipeline.server.settings import DEEP, FAST


class InferError(BaseModel):
    """Every error answer under `/v2`. It never repeats the input."""

    error: str


OPEN_INFERENCE: tuple[type[BaseModel], ...] = (InferRequest, InferResponse, InferError)
"""Models of the schemas that its paths refer to."""


def open_inference_paths() -> dict[str, Any]:
    """The paths under `/v2`."""
    model = {
        "name": "model",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": [FAST, DEEP]},
    }
    tensors = look("Open Inference Protocol: the model's tensors", 404, 503)
    ready = look("Open Inference Protocol: the model is loaded", 404, 503)
    paths = {
        "/v2": {"get": look("Open Inference Protocol: name, version and extensions")},
        "/v2/health/live": {"get": look("Open Inference Protocol: the process runs")},
        "/v2/health/ready": {"get": look("Open Inference Protocol: as /readyz", 503)},
        "/v2/models/{model}": {"get": tensors},
        "/v2/models/{model}/ready": {"get": ready},
        "/v2/models/{model}/infer": {"post": _infer()},
    }
    for described in (tensors, ready, paths["/v2/models/{model}/infer"]["post"]):
        described["parameters"] = [model, *described.get("parameters", [])]
    return paths


def _infer() -> dict[str, Any]:
    summary = "Open Inference Protocol: label texts; JSON, or JSON with binary data behind it"
    errors = {**ERRORS, 400: "wrong JSON, tensors, data or texts", 404: "no such model"}
    del errors[422]
    infer = operation(
        summary,
        json_of(InferRequest) | {BINARY: {}},
        json_of(InferResponse) | {BINARY: {}},
        model_header(),
        dict(sorted(errors.items())),
        InferError,
    )
    length = "bytes of the JSON, if binary data follow"
    infer["parameters"] = [parameter(HEADER_LENGTH, "header", length)]
    return infer


def sagemaker_paths() -> dict[str, Any]:
    """The paths that Amazon SageMaker asks."""
    summary = (
        "Amazon SageMaker: label texts; the answer is of the request's kind, or as Accept says"
    )
    lines: dict[str, Any] = {"application/jsonlines": {}, "text/csv": {}}
    invoke = operation(
        summary, json_of(PredictRequest) | lines, json_of(PredictResponse) | lines, model_header()
    )
    attributes = "handed back; do_fast=true|false picks the model"
    invoke["parameters"] = [parameter(ATTRIBUTES, "header", attributes)]
    return {
        "/ping": {"get": look("Amazon SageMaker: as /readyz", 503)},
        "/invocations": {"post": invoke},
    }
