"""From texts to predictions: which model answers, and how long it may take."""

import threading
import time

from pipeline.handlers.base import Handler, Prediction
from pipeline.handlers.fast import LinearHandler
from pipeline.models.feature_settings import SYLLABLE
from pipeline.server.current_models import Models
from pipeline.server.micro_batching import Batcher
from pipeline.server.refusals import RequestRefused, overloaded, too_late
from pipeline.server.settings import DEEP, FAST, ServerSettings

TEXTS_AT_A_TIME = 128
"""Texts handled between two looks at the clock."""
THREADS_KEPT = 4
"""Of a worker's threads, those that never wait for a batch."""

MAY_WAIT, AGAIN = "sentiment.may_wait", "sentiment.again"
"""In the environ: whether the thread that asks may wait (left out, it may); whether this request
has been here before and was told to wait."""


class MustWait(BaseException):
    """A request must be asked again from a thread that may wait; no error, so not an Exception."""


def choose(models: Models, do_fast: bool | None) -> Handler:
    """The handler asked for, and never another one in its place; raises RequestRefused.

    Left to us it is the deep one wherever there should be one: what answers must not depend on
    whether its artifact is good just now.
    """
    slot = slot_asked(models, do_fast)
    handler = models.get(slot)
    if handler is None:
        message = f"This server has no {slot} model now."
        raise RequestRefused(503, "model_unavailable", message, "do_fast")
    return handler


def slot_asked(models: Models, do_fast: bool | None) -> str:
    """Which model a request wants; see `choose`."""
    if do_fast is None:
        do_fast = DEEP not in models.expected()
    return FAST if do_fast else DEEP


class Answering:
    """Answers texts in the thread that asks, or in batches shared with other requests."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self._batchers: dict[str, Batcher] = {}
        self._starting = threading.Lock()
        # Requests wait for a batch in their threads; some are always left for the fast model.
        self._waiting = threading.BoundedSemaphore(max(1, settings.threads - THREADS_KEPT))

    def answer(
        self, handler: Handler, texts: list[str], received: float, may_wait: bool = True
    ) -> list[Prediction]:
        """Answer within the slot's deadline, counted from `received`, of `time.monotonic`.

        Raises RequestRefused when time is up or too much is waiting, what the handler raises, and
        MustWait where it takes longer than one may who must not wait.
        """
        is_batched = handler.slot in self.settings.batched
        if not may_wait and (is_batched or not is_quick(handler)):
            raise MustWait
        deadline = received + self.settings.deadline(handler.slot)
        if is_batched:
            return self._answer_batched(handler, texts, deadline)
        return _answer_here(handler, texts, deadline)

    def _answer_batched(
        self, handler: Handler, texts: list[str], deadline: float
    ) -> list[Prediction]:
        if not self._waiting.acquire(blocking=False):
            raise overloaded()
        try:
            return self._batcher(handler.slot).answer(handler, texts, deadline)
        finally:
            self._waiting.release()

    def _batcher(self, slot: str) -> Batcher:
        """The slot's batcher, started with the first request: threads do not survive a fork."""
        if slot not in self._batchers:
            with self._starting:
                if slot not in self._batchers:
                    self._batchers[slot] = Batcher(slot, self.settings)
        return self._batchers[slot]


def is_quick(handler: Handler) -> bool:
    """Whether it is arithmetic alone: analyzers of morphemes take long, and may hang."""
    return isinstance(handler, LinearHandler) and handler.model.features.tokenizer == SYLLABLE


def _answer_here(handler: Handler, texts: list[str], deadline: float) -> list[Prediction]:
    answers: list[Prediction] = []
    for start in range(0, len(texts), TEXTS_AT_A_TIME):
        if time.monotonic() > deadline:
            raise too_late()
        answers += handler.handle(texts[start : start + TEXTS_AT_A_TIME])
    return answers
