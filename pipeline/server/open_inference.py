"""The Open Inference Protocol, version 2, over HTTP: the door for clients of Triton and KServe.

The models are `fast` and `deep`. The routes have no variable part, so that each is counted and
guarded by its path; any other path under `/v2` is answered with 404.
"""

from importlib.metadata import version
from typing import Any

from flask import Flask, Response, request

from pipeline.server.answering import loaded
from pipeline.server.answers import encode_json, json_response
from pipeline.server.binary_tensors import HEADER_LENGTH
from pipeline.server.bodies import JSON_TYPES, check_type, read_bytes
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.predicting import Predicting
from pipeline.server.readiness import Readiness
from pipeline.server.settings import DEEP, FAST, ServerSettings
from pipeline.server.tensors import encode_response, read_request

_BINARY = "application/octet-stream"
_TYPES = (*JSON_TYPES, _BINARY)
_ADVICE = f"Send JSON, as application/json, or with binary data behind it, as {_BINARY}."


def add_open_inference(
    app: Flask, predicting: Predicting, readiness: Readiness, settings: ServerSettings
) -> None:
    """Add the routes under `/v2`."""
    extensions = ["binary_tensor_data"]
    server = {"name": "sentiment", "version": version("sentiment-toolkit")}

    @app.get("/v2")
    def server_metadata() -> Response:
        return _json({**server, "extensions": extensions})

    @app.get("/v2/health/live")
    def server_live() -> Response:
        return _json({"live": True})

    @app.get("/v2/health/ready")
    def server_ready() -> Response:
        return _json({"ready": readiness.code == 200}, readiness.code)

    for slot in (FAST, DEEP):
        _add_model(app, slot, predicting, settings)


def _add_model(app: Flask, slot: str, predicting: Predicting, settings: ServerSettings) -> None:
    path = f"/v2/models/{slot}"

    def metadata() -> Response:
        loaded(predicting.models, slot)
        return _json(_metadata(slot))

    def ready() -> Response:
        is_ready = slot in predicting.models.handlers
        return _json({"name": slot, "ready": is_ready}, 200 if is_ready else 503)

    def infer() -> Response:
        return _infer(slot, predicting, settings)

    app.add_url_rule(path, f"{slot}_metadata", metadata)
    app.add_url_rule(f"{path}/ready", f"{slot}_ready", ready)
    app.add_url_rule(f"{path}/infer", f"{slot}_infer", infer, methods=["POST"])


def _infer(slot: str, predicting: Predicting, settings: ServerSettings) -> Response:
    environ = request.environ
    context: RequestContext = environ[CONTEXT]
    check_type(environ, _TYPES, _ADVICE)
    body = read_bytes(environ)
    asked, texts = read_request(body, request.headers.get(HEADER_LENGTH), settings.max_texts)
    handler = loaded(predicting.models, slot)
    predictions = predicting.predict(context, handler, texts)
    below = handler.threshold(asked.parameters.unsure_below)
    content, header_length = encode_response(asked, slot, predictions, below)
    headers = {"X-Model": handler.name}
    if header_length is None:
        return Response(content, headers=headers, content_type="application/json")
    headers[HEADER_LENGTH] = str(header_length)
    return Response(content, headers=headers, content_type=_BINARY)


def _metadata(slot: str) -> dict[str, Any]:
    def tensor(name: str, datatype: str) -> dict[str, Any]:
        return {"name": name, "datatype": datatype, "shape": [-1]}

    return {
        "name": slot,
        "platform": "sentiment",
        "inputs": [tensor("text", "BYTES")],
        "outputs": [
            tensor("label", "BYTES"),
            tensor("confidence", "FP64"),
            tensor("likelier_label", "BYTES"),
        ],
    }


def _json(record: dict[str, Any], status: int = 200) -> Response:
    return json_response(encode_json(record), status)
