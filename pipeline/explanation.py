"""Which n-grams decided: every weight that was added up, over the text it came from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.features import BOUNDARY, Block, ngram_blocks
from pipeline.handlers.base import Prediction
from pipeline.handlers.linear import LinearHandler
from pipeline.linear import LinearModel, root_lengths

SHOWN_BOUNDARY = "|"


@dataclass(frozen=True)
class Contribution:
    """What one n-gram added to the logit.

    It covers `cleaned[start:end]`; `ngram` shows it with | for the start or end of the view. One of
    a view without spaces (`FeatureSettings`) covers the spaces between its characters.
    """

    view: str
    ngram: str
    start: int
    end: int
    logit: float


@dataclass(frozen=True)
class Explanation:
    """An answer taken apart: `intercept` and the contributions' logits sum to `logit`."""

    prediction: Prediction
    cleaned: str
    logit: float
    intercept: float
    contributions: list[Contribution]

    def by_character(self) -> NDArray[np.float64]:
        """Each contribution shared out evenly over the characters it covers, shape (n,)."""
        shares = np.zeros(len(self.cleaned))
        for contribution in self.contributions:
            width = contribution.end - contribution.start
            if width:
                shares[contribution.start : contribution.end] += contribution.logit / width
        return shares


def explain(handler: LinearHandler, text: str) -> Explanation:
    """Take the answer to one text apart."""
    (cleaned,) = handler.preprocess([text])
    (prediction,) = handler.handle([text])
    model = handler.model
    return Explanation(
        prediction=prediction,
        cleaned=cleaned,
        logit=float(model.logits([cleaned])[0]),
        intercept=model.intercept,
        contributions=list(_contributions(model, cleaned)),
    )


def _contributions(model: LinearModel, cleaned: str) -> Iterator[Contribution]:
    step = model.scale / root_lengths([cleaned])[0]
    for block in ngram_blocks([cleaned], model.features):
        units, spans = _units(block, cleaned)
        for (order, _), (place, buckets) in zip(block.orders, block.buckets(), strict=True):
            for position, weight in enumerate(model.weights[place].take(buckets).tolist()):
                covered = spans[position : position + order]
                yield Contribution(
                    view=block.view,
                    ngram="".join(units[position : position + order]),
                    start=covered[0][0],
                    end=covered[-1][1],
                    logit=weight * step,
                )


def _units(block: Block, cleaned: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The block's units as shown, and the part of the cleaned text that each stands for."""
    shown = block.codes.tobytes().decode("utf-32-le", "surrogatepass")
    indices = [
        i for i, character in enumerate(cleaned) if block.view == "spaced" or character != " "
    ]
    indices = indices[len(indices) - block.positions + 1 :]  # of the ending, only the last ones
    beginning = indices[0] if indices else 0
    spans = [(beginning, beginning), *((i, i + 1) for i in indices), (len(cleaned), len(cleaned))]
    return list(shown.replace(BOUNDARY, SHOWN_BOUNDARY)), spans
