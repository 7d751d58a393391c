"""Requests that are ready at the same moment go through the fast model in one call.

That call takes hardly longer for ten texts than for one. Nobody waits for anybody: what has not
arrived yet is not in it. Only the model's answers are worked out ahead; each request then takes its
own way through the application, which asks the model itself where there is nothing ahead.
"""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.handlers.base import Handler, Prediction
from pipeline.server.answering import is_quick, slot_asked
from pipeline.server.current_models import Models
from pipeline.server.micro_batching import checked
from pipeline.server.refusals import RequestRefused
from pipeline.server.schemas import PredictRequest, parse_request
from pipeline.server.settings import FAST, ServerSettings

AHEAD = "sentiment.ahead"
"""In the environ: an Ahead, or nothing."""


class Ahead(NamedTuple):
    """What a request asked for, which model answered, and what."""

    asked: PredictRequest
    handler: Handler
    predictions: Sequence[Prediction]


class Gathering:
    """Works out answers ahead, of requests to `/predict` that are for the fast model.

    Not where keys are asked for or a rate is kept: nothing is computed for whom it is not due.
    """

    def __init__(self, models: Models, settings: ServerSettings) -> None:
        self._models = models
        self._is_on = settings.gathers and not (settings.keys or settings.rate)

    def gather(self, environs: Sequence[dict[str, Any]]) -> None:
        """Leave AHEAD in each environ that has a part in it; never raises."""
        handler = self._models.get(FAST)
        if len(environs) < 2 or not self._is_on or handler is None or not is_quick(handler):
            return
        found = [(environ, asked) for environ in environs if (asked := self._asked(environ))]
        try:
            answers = checked(handler.handle, [text for _, asked in found for text in asked.texts])
        except Exception:  # each on its own, then, so that the one at fault fails alone
            return
        start = 0
        for environ, asked in found:
            end = start + len(asked.texts)
            environ[AHEAD] = Ahead(asked, handler, answers[start:end])
            start = end

    def _asked(self, environ: dict[str, Any]) -> PredictRequest | None:
        """What it asks of the fast model; None where it is another request, or no good one."""
        body, kind = environ["wsgi.input"], environ.get("CONTENT_TYPE", "application/json")
        if environ["PATH_INFO"] != "/predict" or kind != "application/json":
            return None
        if not isinstance(body, io.BytesIO):
            return None
        try:
            asked = parse_request(body.getvalue(), PredictRequest)
        except RequestRefused:  # and it will be again
            return None
        return asked if slot_asked(self._models, asked.do_fast) == FAST else None
