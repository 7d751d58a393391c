"""Traces: the spans of a request, made when it is over, from the times that its context has noted.

This module needs the extra `[otel]`; `tracing_for` imports it where traces are asked for.
"""

import logging
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.environs import Environ
from pipeline.server.log_lines import SeldomHandler

SERVICE = "sentiment"
"""The service's name where no variable gives it one."""
SECONDS_TO_FLUSH = 2.0
"""For spans that are still to be sent when a worker ends."""

_HEADERS = {"HTTP_TRACEPARENT": "traceparent", "HTTP_TRACESTATE": "tracestate"}
_W3C = TraceContextTextMapPropagator()
_NO_PARENT = Context()
_Phase = tuple[str, float, float]


class Tracing:
    """Makes spans, which a thread of the worker's sends to a collector.

    Raises ValueError for a variable that cannot be used: before a fork, so that the server ends.
    """

    def __init__(self) -> None:
        provider, _ = _set_up()
        provider.shutdown()

    def start(self) -> None:
        """In the process that serves, since threads do not survive a fork."""
        logger = logging.getLogger("opentelemetry")
        logger.handlers, logger.propagate = [SeldomHandler()], False
        # These warnings quote headers that a client has got wrong.
        logging.getLogger("opentelemetry.trace").setLevel(logging.ERROR)
        self._provider, self._queue = _set_up()
        self._tracer = self._provider.get_tracer(SERVICE, version("sentiment-toolkit"))

    def stop(self) -> None:
        """Send what is still to be sent, if that is quick."""
        # Its own limit is 30 s, whatever the collector does.
        flushing = threading.Thread(target=self._provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(SECONDS_TO_FLUSH)

    def record(self, environ: Environ, status: int) -> None:
        """Make the spans of a request that has just been answered."""
        context: RequestContext = environ[CONTEXT]
        ended = time.monotonic()
        shift = time.time_ns() - int(ended * 1e9)
        method = environ["REQUEST_METHOD"]
        span = self._tracer.start_span(
            f"{method} {context.route}" if context.route else method,
            _parent(environ),
            SpanKind.SERVER,
            _attributes(context, method, status),
            start_time=int(context.began * 1e9) + shift,
        )
        if isinstance(span, Span):  # the sampler has chosen it
            for name, start, end in _phases(context, ended):
                times = int(start * 1e9) + shift, int(end * 1e9) + shift
                self._queue.on_end(self._child(span, name, *times))
            if status >= 500:
                span.set_status(StatusCode.ERROR)
            span.end(int(ended * 1e9) + shift)

    def _child(self, parent: Span, name: str, start: int, end: int) -> ReadableSpan:
        """A span that has ended; to start and end one would cost five times more."""
        of = parent.get_span_context()
        context = SpanContext(
            of.trace_id,
            self._provider.id_generator.generate_span_id(),
            is_remote=False,
            trace_flags=of.trace_flags,
            trace_state=of.trace_state,
        )
        return ReadableSpan(
            name,
            context,
            of,
            parent.resource,
            start_time=start,
            end_time=end,
            instrumentation_scope=parent.instrumentation_scope,
        )


def _set_up() -> tuple[TracerProvider, BatchSpanProcessor]:
    """What makes spans as the variables say, and the queue of those to be sent by a thread."""
    resource = Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": SERVICE}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    queue = BatchSpanProcessor(OTLPSpanExporter())
    provider.add_span_processor(queue)
    return provider, queue


def _parent(environ: Environ) -> Context:
    """The span that the client's `traceparent` names; never one of this process."""
    if "HTTP_TRACEPARENT" not in environ:
        return _NO_PARENT
    headers = {name: environ[key] for key, name in _HEADERS.items() if key in environ}
    return _W3C.extract(headers, _NO_PARENT)


def _attributes(context: RequestContext, method: str, status: int) -> dict[str, Any]:
    """What the log says of a request, by OpenTelemetry's names; never a text."""
    known = {
        "http.request.method": method,
        "http.route": context.route,
        "http.response.status_code": status,
        "http.response.header.x-request-id": [context.request_id] if context.request_id else None,
        "sentiment.slot": context.slot,
        "sentiment.model": context.model,
        "sentiment.texts": len(context.texts) if context.streams else context.text_count,
    }
    return {name: value for name, value in known.items() if value is not None}


def _phases(context: RequestContext, ended: float) -> Iterator[_Phase]:
    """The parts of a request with their times; without a model's, if it was asked none."""
    answered = context.answered or ended
    yield "read", context.began, context.whole
    if context.model_began:
        yield "queue", context.whole, context.model_began
        yield "model", context.model_began, context.model_ended or answered
    yield "write", answered, ended
