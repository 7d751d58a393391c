"""Long lists: an answer a line, sent as they are made, so that neither side holds them all."""

import time
from collections.abc import Iterator

from pipeline.errors import SentimentError
from pipeline.handlers.base import Handler, Prediction
from pipeline.server.answering import TEXTS_AT_A_TIME
from pipeline.server.answers import encode_lines
from pipeline.server.context import RequestContext
from pipeline.server.environs import Environ
from pipeline.server.log_lines import log, trace
from pipeline.server.predicting import Predicting
from pipeline.server.refusals import REFUSALS, RequestRefused, as_refusal, error_body

NDJSON = "application/x-ndjson"


def wants_lines(environ: Environ) -> bool:
    """Whether a request asks for an answer a line."""
    return NDJSON in environ.get("HTTP_ACCEPT", "")


def stream(predicting: Predicting, context: RequestContext, handler: Handler) -> Iterator[bytes]:
    """Lines of answers in the order of the texts, some at a time.

    The first are made at once, and raise what `Predicting.predict` raises: the status is not sent
    yet. If later ones fail, the last line is the error. Each piece has the deadline of a request.
    """
    context.streams = True
    texts = context.texts
    first = predicting.predict(context, handler, texts[:TEXTS_AT_A_TIME])
    context.text_count = len(texts)
    return _pieces(predicting, context, handler, first)


def _pieces(
    predicting: Predicting, context: RequestContext, handler: Handler, first: list[Prediction]
) -> Iterator[bytes]:
    below = context.unsure_below
    yield encode_lines(first, below).encode()
    try:
        for start in range(TEXTS_AT_A_TIME, len(context.texts), TEXTS_AT_A_TIME):
            context.received = time.monotonic()
            piece = context.texts[start : start + TEXTS_AT_A_TIME]
            yield encode_lines(predicting.predict(context, handler, piece), below).encode()
    except (RequestRefused, SentimentError) as error:
        refusal = as_refusal(error)
        yield error_body(refusal.code, refusal.message, refusal.field) + b"\n"
    except Exception as error:
        log("bug", id=context.request_id, **trace(error))
        yield error_body(*REFUSALS[500]) + b"\n"
