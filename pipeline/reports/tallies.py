"""Counts of reviews by a column's values, in bounded memory: they add up chunk by chunk."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from pipeline.reports.dates import coarser, day_of
from pipeline.text.cleaning import clean

MOST_DATES = 92
"""Days, months or years that are counted apart; where there are more, the next coarser ones."""
MOST_TOPICS = 1000
"""Other values that are counted apart."""
SMALLEST = 20
"""Reviews of which a group has at least so many; smaller ones are merged."""

Pair = tuple[object, bool]
"""A review's value in a column, and whether its answer is positive."""
Counts = dict[str, list[int]]
"""By name: the number of reviews, and of those whose answer is positive."""


@dataclass(frozen=True)
class Tally:
    """Reviews by the values of a column; `others` are those whose value is not counted apart.

    `column` is None where no file has such a column.
    """

    column: str | None = None
    counts: Counts = field(default_factory=dict)
    others: list[int] = field(default_factory=lambda: [0, 0])

    @classmethod
    def of_topics(cls, column: str, pairs: Iterable[Pair]) -> Self:
        """Count a chunk's values, all of them."""
        return cls(column, _counted(pairs, _shown))

    @classmethod
    def of_dates(cls, column: str, pairs: Iterable[Pair]) -> Self:
        """Count a chunk's dates; what is no date is among the others."""
        counts = _counted(pairs, lambda value: day_of(value) or "")
        others = counts.pop("", [0, 0])
        return cls(column, _cut(counts.items()), others)

    def plus_topics(self, other: "Tally") -> "Tally":
        """The sum; the first MOST_TOPICS values are counted apart, and each of them wholly.

        That holds where `other` counts all of its values apart, as a chunk does.
        """
        counts, others = dict(self.counts), add(self.others, other.others)
        for name, pair in other.counts.items():
            if name in counts or len(counts) < MOST_TOPICS:
                counts[name] = add(counts.get(name, [0, 0]), pair)
            else:
                others = add(others, pair)
        return Tally(self.column or other.column, counts, others)

    def plus_dates(self, other: "Tally") -> "Tally":
        """The sum, by dates that are as coarse as both and their number need."""
        counts = _cut([*self.counts.items(), *other.counts.items()])
        return Tally(self.column or other.column, counts, add(self.others, other.others))


def add(one: list[int], other: list[int]) -> list[int]:
    """The sums of two pairs of counts."""
    return [a + b for a, b in zip(one, other, strict=True)]


def _shown(value: object) -> str:
    return "" if value is None else clean(str(value))[:80]


def _counted(pairs: Iterable[Pair], name: Callable[[Any], str]) -> Counts:
    numbers = Counter(pairs).items()
    return _summed((name(value), [n, n if positive else 0]) for (value, positive), n in numbers)


def _cut(dates: Collection[tuple[str, list[int]]]) -> Counts:
    """The counts by months or years, where days or months are too many or some have no day."""
    length = coarser((date for date, _ in dates), MOST_DATES)
    return _summed((date[:length], pair) for date, pair in dates)


def _summed(pairs: Iterable[tuple[str, list[int]]]) -> Counts:
    counts: Counts = {}
    for name, pair in pairs:
        counts[name] = add(counts.get(name, [0, 0]), pair)
    return counts
