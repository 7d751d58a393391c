"""What is known of one request, from its arrival to its line in the log."""

from dataclasses import dataclass, field

from pipeline.handlers.base import Handler, Prediction
from pipeline.handlers.unsure import NEVER

CONTEXT = "sentiment.context"
"""The key of the RequestContext in a request's WSGI environ."""


@dataclass(slots=True)
class RequestContext:
    """One request. The bridge makes it; under another server than ours, `Observed` does.

    `received`: when the request was complete, of `time.monotonic`. `slot`, `text_count` and
    `model` are for the log and the figures, so they are set by the route. `streams`: whether the
    answer is to be sent in pieces, as they are made.

    For traces: when the request's head was there (`began`), and its body (`whole`); when a model
    was first called and last done, 0 where none was; when the answer's head was made; `route`.

    The rest is filled in for `POST /predict`: the `texts`, the `handler` chosen for them, the
    confidence `unsure_below` which an answer is labelled `unsure`, and the
    `predictions` if they were computed before the application was entered. `refusal`: why the
    request may not be answered, its body not be read or no handler be chosen, for the application
    to raise. `must_wait`: whether the answer takes longer than the event loop may be held up.
    """

    received: float
    request_id: str = ""
    slot: str | None = None
    text_count: int | None = None
    model: str | None = None
    streams: bool = False
    texts: list[str] = field(default_factory=list)
    handler: Handler | None = None
    unsure_below: float = NEVER
    predictions: list[Prediction] | None = None
    refusal: Exception | None = None
    must_wait: bool = False
    began: float = 0.0
    whole: float = 0.0
    model_began: float = 0.0
    model_ended: float = 0.0
    answered: float = 0.0
    route: str | None = None
