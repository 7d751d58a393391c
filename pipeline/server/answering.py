"""From a request to predictions: its texts, which model answers, and how long it may take."""

import threading
import time

from pipeline.handlers.base import Handler, Prediction
from pipeline.handlers.fast import LinearHandler
from pipeline.models.feature_settings import SYLLABLE
from pipeline.server.bodies import JSON_TYPES, check_type, read_bytes
from pipeline.server.context import RequestContext
from pipeline.server.current_models import RETRY_SECONDS, Models
from pipeline.server.environs import Environ
from pipeline.server.metrics import Metrics
from pipeline.server.micro_batching import Batcher
from pipeline.server.refusals import RequestRefused, overloaded, too_late
from pipeline.server.schemas import Body, PredictRequest, parse_request
from pipeline.server.settings import DEEP, FAST, ServerSettings

TEXTS_AT_A_TIME = 128
"""Texts handled between two checks of the deadline."""
THREADS_KEPT = 4
"""Of a worker's threads, those that never wait for a batch."""


def prepare(environ: Environ, context: RequestContext, models: Models, most_texts: int) -> Handler:
    """Read a request to `/predict` and choose its handler; both are kept in its context.

    Raises RequestRefused.
    """
    asked = read_body(environ, PredictRequest, most_texts)
    context.texts = asked.texts
    context.handler = handler = choose(models, asked.do_fast)
    context.unsure_below = handler.threshold(asked.unsure_below)
    return handler


def read_body(environ: Environ, kind: type[Body], most_texts: int | None = None) -> Body:
    """Read and check a request's body; raises RequestRefused."""
    check_type(environ, JSON_TYPES, "Send JSON, as application/json.")
    return parse_request(read_bytes(environ), kind, most_texts)


def choose(models: Models, do_fast: bool | None) -> Handler:
    """The handler asked for, and never another one in its place; raises RequestRefused.

    Without `do_fast` it is the deep one on every server that should have one: which model answers
    must not depend on whether its artifact is good at the moment.
    """
    if do_fast is None:
        do_fast = DEEP not in models.expected()
    return loaded(models, FAST if do_fast else DEEP, "do_fast")


def loaded(models: Models, slot: str, field: str | None = None) -> Handler:
    """The handler of this slot; raises RequestRefused (503), about this field, if there is none.

    A slot whose artifact was refused is tried again soon, so that its clients may do the same.
    """
    handler = models.handlers.get(slot)
    if handler is None:
        message = f"This server has no {slot} model now."
        retry_after = round(RETRY_SECONDS) if slot in models.expected() else None
        raise RequestRefused(503, "model_unavailable", message, field, retry_after)
    return handler


def has_to_wait(handler: Handler, settings: ServerSettings) -> bool:
    """Whether answers of this handler may take longer than the worker's loop may be held up.

    Batched ones do, and those of a model that is more than arithmetic: morphological analyzers are
    slow, and may hang.
    """
    if handler.slot in settings.batched or not isinstance(handler, LinearHandler):
        return True
    return handler.model.features.tokenizer != SYLLABLE


def deadline_of(handler: Handler, context: RequestContext, settings: ServerSettings) -> float:
    """When this handler's answer to the request is too late, of `time.monotonic`."""
    seconds = settings.seconds_fast if handler.slot == FAST else settings.seconds_deep
    return context.received + seconds


class Answering:
    """Answers texts in the thread that asks, or in batches shared with other requests."""

    def __init__(self, settings: ServerSettings, metrics: Metrics) -> None:
        self.settings, self._metrics = settings, metrics
        self._batchers: dict[str, Batcher] = {}
        self._starting = threading.Lock()
        # A request waits for its batch in a thread; some threads are kept free for the fast model.
        self._waiting = threading.BoundedSemaphore(max(1, settings.threads - THREADS_KEPT))

    def answer(
        self, handler: Handler, texts: list[str], context: RequestContext
    ) -> list[Prediction]:
        """Answer within the slot's deadline; note in the context when the model was called.

        Raises RequestRefused when time is up or too much is waiting, and what the handler raises.
        """
        deadline = deadline_of(handler, context, self.settings)
        if handler.slot in self.settings.batched:
            return self._answer_batched(handler, texts, deadline, context)
        answers: list[Prediction] = []
        context.model_began = context.model_began or time.monotonic()
        for start in range(0, len(texts), TEXTS_AT_A_TIME):
            if time.monotonic() > deadline:
                raise too_late()
            answers += handler.handle(texts[start : start + TEXTS_AT_A_TIME])
        context.model_ended = time.monotonic()
        return answers

    def _answer_batched(
        self, handler: Handler, texts: list[str], deadline: float, context: RequestContext
    ) -> list[Prediction]:
        if not self._waiting.acquire(blocking=False):
            raise overloaded()
        try:
            return self._batcher(handler.slot).answer(handler, texts, deadline, context)
        finally:
            self._waiting.release()

    def _batcher(self, slot: str) -> Batcher:
        """The slot's batcher, started with the first request: threads do not survive a fork."""
        if slot not in self._batchers:
            with self._starting:
                if slot not in self._batchers:
                    self._batchers[slot] = Batcher(slot, self.settings, self._metrics)
        return self._batchers[slot]
