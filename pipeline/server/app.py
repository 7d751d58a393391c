"""The Flask application: HTTP only; every answer comes from a handler."""

from flask import Flask, Response, request

from pipeline.handlers.base import Handler
from pipeline.handlers.fast import LinearHandler
from pipeline.server.admission import Admission
from pipeline.server.answering import Answering, choose, prepare, read_body
from pipeline.server.answers import encode_json, encode_numbered, json_response
from pipeline.server.capturing import Capture
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.current_models import Models
from pipeline.server.lean_flask import LeanFlask
from pipeline.server.live_texts import LiveTexts
from pipeline.server.metrics import CONTENT_TYPE, Metrics
from pipeline.server.observing import ROUTES, Observed
from pipeline.server.open_inference import add_open_inference
from pipeline.server.pages import add_pages
from pipeline.server.predicting import Predicting
from pipeline.server.readiness import Readiness
from pipeline.server.refusals import RequestRefused, register_error_handlers
from pipeline.server.replicas.handler import ReplicaHandler
from pipeline.server.rows import add_rows
from pipeline.server.sagemaker import add_sagemaker
from pipeline.server.schemas import ExplainRequest
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag
from pipeline.server.streaming import NDJSON, stream, wants_lines
from pipeline.workflows.explaining import Explanation, explain


def create_app(
    models: Models,
    settings: ServerSettings = ServerSettings(),  # noqa: B008 - frozen
    live: LiveTexts | None = None,
    draining: Flag | None = None,
    metrics: Metrics | None = None,
    admission: Admission | None = None,
    capture: Capture | None = None,
) -> Flask:
    """Make the application.

    `live` counts the texts for the drift figures; `draining` is set before the server ends;
    `metrics` are those of all workers, left out: of this process alone; `capture` keeps a sample
    of the texts.
    """
    metrics, admission = metrics or Metrics(ROUTES), admission or Admission(settings)
    app = LeanFlask(__name__, static_folder="static")
    app.url_map.merge_slashes = False  # Werkzeug would redirect, and to the host ""
    register_error_handlers(app)
    add_pages(app, settings)
    predicting = Predicting(models, Answering(settings, metrics), live, capture)
    readiness = Readiness(models, draining)
    _add_predict(app, predicting, settings)
    _add_explain(app, models)
    add_rows(app)
    _add_state(app, models, readiness)
    _add_metrics(app, models, live, metrics)
    add_open_inference(app, predicting, readiness, settings)
    if settings.sagemaker:
        add_sagemaker(app, predicting, readiness, settings)
    app.wsgi_app = Observed(app, settings.log_requests, metrics, admission)  # type: ignore[method-assign]
    return app


def _add_predict(app: Flask, predicting: Predicting, settings: ServerSettings) -> None:
    @app.post("/predict")
    def predict() -> Response:
        context: RequestContext = request.environ[CONTEXT]
        if context.refusal is not None:
            raise context.refusal
        handler = context.handler or prepare(
            request.environ, context, predicting.models, settings.max_texts
        )
        headers = {"X-Model": handler.name}
        if wants_lines(request.environ):
            lines = stream(predicting, context, handler)
            return Response(lines, headers=headers, content_type=NDJSON)
        predictions = predicting.predict(context, handler, context.texts)
        return json_response(encode_numbered(predictions, context.unsure_below), headers=headers)


def _add_explain(app: Flask, models: Models) -> None:
    @app.post("/explain")
    def explain_text() -> Response:
        context: RequestContext = request.environ[CONTEXT]
        asked = read_body(request.environ, ExplainRequest)
        handler = choose(models, do_fast=True)
        context.slot = handler.slot
        explanation = _explained(handler, asked.text)
        shares = explanation.by_character().tolist()
        unshared = explanation.logit - explanation.intercept - sum(shares)
        answer = {
            "text": explanation.cleaned,
            "shares": shares,
            "intercept": explanation.intercept + unshared,
            "logit": explanation.logit,
        }
        context.model = handler.name
        return json_response(encode_json(answer), headers={"X-Model": handler.name})


def _explained(handler: Handler, text: str) -> Explanation:
    if isinstance(handler, ReplicaHandler):
        return handler.explain(text)
    if not isinstance(handler, LinearHandler):
        raise RequestRefused(503, "model_unavailable", "This model cannot be explained.")
    return explain(handler, text)


def _add_state(app: Flask, models: Models, readiness: Readiness) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return json_response(encode_json({"status": "ok"}))

    @app.get("/readyz")
    def readyz() -> Response:
        missing = sorted(models.expected() - set(models.handlers))
        record = {"status": readiness.status, "models": models.names(), "missing": missing}
        return json_response(encode_json(record), readiness.code)


def _add_metrics(app: Flask, models: Models, live: LiveTexts | None, metrics: Metrics) -> None:
    @app.get("/metrics")
    def show_metrics() -> Response:
        collectors = () if live is None else (live.drift(models),)
        return Response(metrics.exposition(*collectors), content_type=CONTENT_TYPE)
