"""What a page shows of scored files, in bounded memory.

It adds up, whatever the processes that scored the chunks, and travels in the journal.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import merge
from typing import Any, NamedTuple, Self

from pipeline.reports.tallies import Tally

MOST_SHOWN = 10
"""Surest reviews of each label, and least sure ones, that are kept."""
MOST_SAMPLED = 2000
"""Reviews, all different, whose words are looked at."""
MOST_CHARACTERS = 500
"""Of a review that is kept."""


class Kept(NamedTuple):
    """A cleaned review and its P(positive); `rank` says how much it is wanted, the least most.

    Equal ranks are in the order of the file's name and the review's place in it: the line at which
    its chunk begins, and the number of the row therein.
    """

    rank: float
    source: str
    line: int
    row: int
    text: str
    positive: float


@dataclass(frozen=True)
class Labelled:
    """Answers against the labels that the files have; `confusion[i][j]`: label i answered as j.

    `unknown`: reviews whose label is neither. `column` is None where no file has labels.
    """

    column: str | None = None
    confusion: list[list[int]] = field(default_factory=lambda: [[0, 0], [0, 0]])
    unknown: int = 0

    def __add__(self, other: Self) -> "Labelled":
        rows = zip(self.confusion, other.confusion, strict=True)
        confusion = [[a + b for a, b in zip(*pair, strict=True)] for pair in rows]
        return Labelled(self.column or other.column, confusion, self.unknown + other.unknown)


@dataclass(frozen=True)
class Gathered:
    """Reviews to show, a sample of them for their words, and counts by the files' columns.

    The sample is the reviews with the lowest hashes, which does not depend on the chunks.
    """

    positive: list[Kept] = field(default_factory=list)
    negative: list[Kept] = field(default_factory=list)
    unsure: list[Kept] = field(default_factory=list)
    sample: list[Kept] = field(default_factory=list)
    dates: Tally = field(default_factory=Tally)
    topics: Tally = field(default_factory=Tally)
    labelled: Labelled = field(default_factory=Labelled)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Out of the journal."""
        kept = ("positive", "negative", "unsure", "sample")
        return cls(
            **{name: [Kept(*one) for one in record[name]] for name in kept},
            dates=Tally(**record["dates"]),
            topics=Tally(**record["topics"]),
            labelled=Labelled(**record["labelled"]),
        )

    def __add__(self, other: "Gathered") -> "Gathered":
        return Gathered(
            least(MOST_SHOWN, self.positive, other.positive),
            least(MOST_SHOWN, self.negative, other.negative),
            least(MOST_SHOWN, self.unsure, other.unsure),
            least(MOST_SAMPLED, self.sample, other.sample),
            self.dates.plus_dates(other.dates),
            self.topics.plus_topics(other.topics),
            self.labelled + other.labelled,
        )


def least(most: int, *kept: Iterable[Kept]) -> list[Kept]:
    """Those of the least ranks, each text once, out of iterables in this order."""
    first: dict[str, Kept] = {}
    for one in merge(*kept):
        first.setdefault(one.text, one)
        if len(first) == most:
            break
    return list(first.values())
