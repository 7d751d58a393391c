"""Which n-grams decided: every weight that was added up, over the text it came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.features import Block, ngram_blocks
from pipeline.handlers.base import Prediction
from pipeline.handlers.linear import LinearHandler
from pipeline.linear import LinearModel, root_lengths
from pipeline.tokenizers import get_tokenizer

SHOWN_BOUNDARY = "|"

Span = tuple[int, int]


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
        units, spans = _units(block, cleaned, model.features.tokenizer)
        for table, (place, buckets) in zip(block.tables, block.buckets(), strict=True):
            for position, weight in enumerate(model.weights[place].take(buckets).tolist()):
                covered = spans[position : position + table.order]
                yield Contribution(
                    view=block.view,
                    ngram="".join(units[position : position + table.order]),
                    start=covered[0][0],
                    end=covered[-1][1],
                    logit=weight * step,
                )


def _units(block: Block, cleaned: str, tokenizer: str) -> tuple[list[str], list[Span]]:
    """The block's units as shown, and the part of the cleaned text that each stands for."""
    if block.view == "words":
        spans = [(word.start(), word.end()) for word in re.finditer(r"(?<!\S)\S{1,2}", cleaned)]
    elif block.view == "morphemes":
        spans = list(_morpheme_spans(cleaned, tokenizer))
    else:
        kept = [i for i, letter in enumerate(cleaned) if block.view == "spaced" or letter != " "]
        of_view = kept[len(kept) - block.positions + 1 :]  # of the ending, only the last ones
        spans = [(i, i + 1) for i in of_view]
    separator = " " if block.view in ("words", "morphemes") else ""
    units = [f"{cleaned[start:end]}{separator}" for start, end in spans]
    beginning = spans[0][0] if spans else 0
    edges = [(beginning, beginning)], [(len(cleaned), len(cleaned))]
    return [SHOWN_BOUNDARY, *units, SHOWN_BOUNDARY], [*edges[0], *spans, *edges[1]]


def _morpheme_spans(cleaned: str, tokenizer: str) -> Iterator[Span]:
    """Where the text has each morpheme; one that the analyzer rewrote covers nothing."""
    (morphemes,) = get_tokenizer(tokenizer).tokenize([cleaned])
    end = 0
    for morpheme in morphemes:
        start = cleaned.find(morpheme, end)
        start, end = (start, start + len(morpheme)) if start >= 0 else (end, end)
        yield start, end
