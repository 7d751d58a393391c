"""Predictions for a request, the same whichever door it came in by."""

from pipeline.handlers.base import Handler, Prediction
from pipeline.server.answering import Answering
from pipeline.server.capturing import Capture
from pipeline.server.context import RequestContext
from pipeline.server.current_models import Models
from pipeline.server.live_texts import LiveTexts


class Predicting:
    """Asks a handler, and notes in the context and in the counts of live texts what it was asked.

    `live` counts the texts for the drift figures, `capture` keeps a sample, where there are any.
    """

    def __init__(
        self,
        models: Models,
        answering: Answering,
        live: LiveTexts | None,
        capture: Capture | None,
    ) -> None:
        self.models, self._answering = models, answering
        self._live, self._capture = live, capture

    def predict(
        self, context: RequestContext, handler: Handler, texts: list[str]
    ) -> list[Prediction]:
        """Answer n texts with n predictions in order.

        Predictions that the context has already are taken as they are. Raises RequestRefused when
        time is up or too much is waiting, and what the handler raises.
        """
        context.slot, context.text_count = handler.slot, len(texts)
        predictions = context.predictions or self._answering.answer(handler, texts, context)
        if self._live is not None:
            self._live.add(handler, predictions)
        if self._capture is not None:
            self._capture.add(handler.name, predictions)
        context.model = handler.name
        return predictions
