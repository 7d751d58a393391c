"""Small requests that are ready at the same moment, prepared before the application is entered.

Their bodies are read and their handlers chosen, so that the worker knows which of them have to wait
and need a thread. Those for the fast model are answered in one call of it, which takes hardly
longer for ten texts than for one. No request waits for another: one that has not arrived yet is not
in the call. Only the predictions are computed here; each request then takes its own way through the
application, which asks the model itself if there are none, and refuses what is late.
"""

import time
from collections.abc import Sequence

from pipeline.handlers.base import Handler
from pipeline.server.answering import deadline_of, has_to_wait, prepare
from pipeline.server.context import CONTEXT, RequestContext
from pipeline.server.current_models import Models
from pipeline.server.environs import Environ
from pipeline.server.micro_batching import checked
from pipeline.server.settings import ServerSettings
from pipeline.server.streaming import wants_lines


class Gathering:
    """Fills in the contexts of requests to `/predict` that are not refused."""

    def __init__(self, models: Models, settings: ServerSettings) -> None:
        self._models, self._settings = models, settings

    def gather(self, environs: Sequence[Environ]) -> None:
        """Prepare these requests, and predict for those of the fast model; never raises."""
        quick: dict[Handler, list[RequestContext]] = {}
        for environ in environs:
            context: RequestContext = environ[CONTEXT]
            if not _is_prediction(environ) or context.refusal is not None:
                continue
            try:
                handler = prepare(environ, context, self._models, self._settings.max_texts)
            except Exception as error:  # the route raises it again, for Flask to answer
                context.refusal = error
                continue
            context.must_wait = has_to_wait(handler, self._settings) or wants_lines(environ)
            is_late = time.monotonic() > deadline_of(handler, context, self._settings)
            if self._settings.gathers and not (context.must_wait or is_late):
                quick.setdefault(handler, []).append(context)
        for handler, contexts in quick.items():
            if len(contexts) > 1:
                _predict(handler, contexts)


def _is_prediction(environ: Environ) -> bool:
    return (environ["PATH_INFO"], environ["REQUEST_METHOD"]) == ("/predict", "POST")


def _predict(handler: Handler, contexts: Sequence[RequestContext]) -> None:
    began = time.monotonic()
    try:
        predictions = checked(handler.handle, [text for c in contexts for text in c.texts])
    except Exception:  # each request on its own, then, so that the one at fault fails alone
        return
    start, ended = 0, time.monotonic()
    for context in contexts:
        end = start + len(context.texts)
        context.predictions = predictions[start:end]
        context.model_began, context.model_ended = began, ended
        start = end
