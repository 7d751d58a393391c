"""Figures of scored files, for the page of `predict`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.reports.gathered import Gathered, Kept, Labelled
from pipeline.reports.showing import Show, Shown
from pipeline.reports.tallies import SMALLEST, Tally

MOST_TOPICS = 20
"""Values of a column that are shown, those of the most reviews."""
MOST_UNKNOWN = 0.1
"""Share of the labels, and of the dates, that may be none for the others to be shown."""


class Example(NamedTuple):
    """A review that is shown."""

    answer: str
    confidence: float
    shown: Shown


class Part(NamedTuple):
    """Reviews of one value of a column, how many of them are positive, and that as a share."""

    name: str | None
    reviews: int
    positive: int
    share: float


class Parts(NamedTuple):
    """Reviews by a column; the part called None is of all values that have no part."""

    column: str
    parts: list[Part]


@dataclass(frozen=True)
class Answered:
    """How the answers fit the labels of a column; `unknown` reviews have none that is understood.

    `f1` is that of the positive label.
    """

    column: str
    reviews: int
    accuracy: float
    f1: float
    confusion: list[list[int]]
    unknown: int


def examples(kept: Sequence[Kept], show: Show) -> list[Example]:
    """Reviews as they are shown."""
    return [
        Example(
            POSITIVE if one.positive > 0.5 else NEGATIVE,
            max(one.positive, 1 - one.positive),
            show(one.text),
        )
        for one in kept
    ]


def by_date(tally: Tally) -> Parts | None:
    """Shares over time; None without dates, or where many of the values are none."""
    dated = sum(reviews for reviews, _ in tally.counts.values())
    if tally.column is None or len(tally.counts) < 2:
        return None
    if tally.others[0] > MOST_UNKNOWN * (dated + tally.others[0]):
        return None
    return Parts(tally.column, _parts([*sorted(tally.counts.items()), (None, tally.others)]))


def by_topic(tally: Tally) -> Parts | None:
    """Shares of the values with the most reviews; None where fewer than two have enough."""
    ordered = sorted(tally.counts.items(), key=lambda item: (-item[1][0], item[0]))
    shown = sum(reviews >= SMALLEST for _, (reviews, _) in ordered[:MOST_TOPICS])
    if tally.column is None or shown < 2:
        return None
    rest = [pair for _, pair in ordered[shown:]] + [tally.others]
    others = [sum(numbers) for numbers in zip(*rest, strict=True)]
    return Parts(tally.column, _parts([*ordered[:shown], (None, others)]))


def _parts(counts: Iterable[tuple[str | None, Sequence[int]]]) -> list[Part]:
    return [
        Part(name, reviews, positive, positive / reviews)
        for name, (reviews, positive) in counts
        if reviews
    ]


def answered(labelled: Labelled) -> Answered | None:
    """Accuracy; None without labels, or where many are not understood."""
    (tn, fp), (fn, tp) = labelled.confusion
    reviews = tn + fp + fn + tp
    if labelled.column is None or not reviews:
        return None
    if labelled.unknown > MOST_UNKNOWN * (reviews + labelled.unknown):
        return None
    f1 = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0
    return Answered(
        labelled.column, reviews, (tn + tp) / reviews, f1, labelled.confusion, labelled.unknown
    )


def gathered_figures(gathered: Gathered, show: Show) -> Mapping[str, Any]:
    """What a page shows of single reviews and of columns."""
    return {
        "surest_positive": examples(gathered.positive, show),
        "surest_negative": examples(gathered.negative, show),
        "least_sure": examples(gathered.unsure, show),
        "dates": by_date(gathered.dates),
        "topics": by_topic(gathered.topics),
        "labelled": answered(gathered.labelled),
    }
