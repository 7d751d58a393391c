"""Which n-grams decided an answer: every weight in its sum, and where in the text it is from."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.handlers.base import Prediction
from pipeline.handlers.fast import LinearHandler
from pipeline.models.features import featurize
from pipeline.models.linear import LinearModel, root_lengths
from pipeline.text.tokenizers import get_tokenizer

SHOWN_BOUNDARY = "|"

Span = tuple[int, int]


class Unit(NamedTuple):
    """One position of a view: how it is shown, and the characters `start:end` that it covers."""

    shown: str
    start: int
    end: int


@dataclass(frozen=True)
class Contribution:
    """What one n-gram added to the logit.

    It covers `cleaned[start:end]`, spaces included. In `ngram`, | stands for the start or the end
    of the review.
    """

    view: str
    ngram: str
    start: int
    end: int
    logit: float


@dataclass(frozen=True)
class Explanation:
    """An answer and its parts: `intercept` and the contributions' logits sum to `logit`."""

    prediction: Prediction
    cleaned: str
    logit: float
    intercept: float
    contributions: list[Contribution]

    def by_character(self) -> NDArray[np.float64]:
        """Each contribution shared out evenly over the characters it covers, shape (n,)."""
        return _shared_out(self.contributions, len(self.cleaned))

    def strongest(self, count: int) -> list[tuple[str, float]]:
        """The n-grams that added most to the logit, and how much each added over the whole text."""
        totals: dict[str, float] = {}
        for contribution in self.contributions:
            totals[contribution.ngram] = totals.get(contribution.ngram, 0.0) + contribution.logit
        return sorted(totals.items(), key=lambda item: -abs(item[1]))[:count]


def explain(handler: LinearHandler, text: str) -> Explanation:
    """Split the answer to one text into the contributions of its n-grams."""
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


def character_shares(model: LinearModel, cleaned: str) -> NDArray[np.float64]:
    """What each of n characters of a cleaned text added to the logit, shape (n,)."""
    return _shared_out(_contributions(model, cleaned), len(cleaned))


def _shared_out(contributions: Iterable[Contribution], characters: int) -> NDArray[np.float64]:
    shares = np.zeros(characters)
    for contribution in contributions:
        width = contribution.end - contribution.start
        if width:
            shares[contribution.start : contribution.end] += contribution.logit / width
    return shares


def _contributions(model: LinearModel, cleaned: str) -> Iterator[Contribution]:
    step = float(model.scale / root_lengths([cleaned])[0])
    batch = featurize([cleaned], model.features)
    weights = [model.weights[first:][buckets].tolist() for first, buckets in batch.buckets()]
    for view, start, end in zip(batch.views, batch.starts, batch.ends, strict=True):
        units = _units(view.name, cleaned, model.features.tokenizer)
        for order, of_order in enumerate(weights, start=1):
            for position, weight in enumerate(of_order[start:end]):
                covered = units[position : position + order]
                if len(covered) == order:
                    yield Contribution(
                        view=view.name,
                        ngram="".join(unit.shown for unit in covered),
                        start=covered[0].start,
                        end=covered[-1].end,
                        logit=weight * step,
                    )


def _units(view: str, cleaned: str, tokenizer: str) -> list[Unit]:
    """The positions of a review in a view: a boundary, one unit per code, and a boundary."""
    if view == "words":
        spans = [(word.start(), word.end()) for word in re.finditer(r"(?<!\S)\S{1,2}", cleaned)]
    elif view == "unspaced":
        spans = [(i, i + 1) for i, letter in enumerate(cleaned) if letter != " "]
    else:
        spans = list(_morpheme_spans(cleaned, tokenizer, content_only=view == "content words"))
    separator = "" if view == "unspaced" else " "
    units = [Unit(f"{cleaned[start:end]}{separator}", start, end) for start, end in spans]
    beginning = spans[0][0] if spans else 0
    before = Unit(SHOWN_BOUNDARY, beginning, beginning)
    behind = Unit(SHOWN_BOUNDARY, len(cleaned), len(cleaned))
    return [before, *units, behind]


def _morpheme_spans(cleaned: str, tokenizer: str, content_only: bool) -> Iterator[Span]:
    """Where each morpheme stands in the text; one that the analyzer rewrote has an empty span."""
    (morphemes,) = get_tokenizer(tokenizer).tokenize([cleaned])
    end = 0
    for morpheme in morphemes:
        start = cleaned.find(morpheme.text, end)
        start, end = (start, start + len(morpheme.text)) if start >= 0 else (end, end)
        yield from [(start, end)] * (len(morpheme.content) if content_only else 1)
