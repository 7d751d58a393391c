"""Taking out of a chunk what a page shows of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline.files.chunks import Chunk
from pipeline.files.records import Records, columns_of
from pipeline.reports.columns import find_columns
from pipeline.reports.gathered import (
    MOST_CHARACTERS,
    MOST_SAMPLED,
    MOST_SHOWN,
    Gathered,
    Kept,
    Labelled,
    least,
)
from pipeline.reports.tallies import Pair, Tally
from pipeline.reviews.label_values import COMMON


def gather(
    chunk: Chunk, records: Records, cleaned: Sequence[str], positive: NDArray[np.float64]
) -> Gathered:
    """What is kept of a chunk's n reviews, their cleaned texts and P(positive), shape (n,).

    Empty reviews are left out.
    """
    rows = [row for row, text in enumerate(cleaned) if text]
    if not rows:
        return Gathered()
    texts, scores = [cleaned[row] for row in rows], positive[rows]
    kept = _Reviews(chunk, rows, texts, scores)
    hashes = np.fromiter((crc32(text.encode()) for text in texts), np.float64, len(texts))
    found = find_columns(chunk.layout)
    values = columns_of(records, [name for name in found if name is not None])
    answers = (scores > 0.5).tolist()

    def pairs(column: str) -> list[Pair]:
        own = [values[column][row] for row in rows]
        plain = [str(one) if isinstance(one, list | dict) else one for one in own]
        return list(zip(plain, answers, strict=True))

    return Gathered(
        kept.of_least(MOST_SHOWN, -scores, scores > 0.5),
        kept.of_least(MOST_SHOWN, scores, scores <= 0.5),
        kept.of_least(MOST_SHOWN, np.abs(scores - 0.5)),
        kept.of_least(MOST_SAMPLED, hashes),
        Tally.of_dates(found.date, pairs(found.date)) if found.date else Tally(),
        Tally.of_topics(found.topic, pairs(found.topic)) if found.topic else Tally(),
        _labelled(found.label, pairs(found.label)) if found.label else Labelled(),
    )


@dataclass(frozen=True)
class _Reviews:
    """The n reviews of a chunk that have a text: their rows, cleaned texts and P(positive)."""

    chunk: Chunk
    rows: Sequence[int]
    texts: Sequence[str]
    positive: NDArray[np.float64]

    def of_least(
        self, most: int, ranks: NDArray[np.float64], among: NDArray[np.bool_] | None = None
    ) -> list[Kept]:
        """The reviews of the least ranks, shape (n,), each text once; `among`: only these."""
        places = np.arange(ranks.size) if among is None else np.flatnonzero(among)
        source, line = self.chunk.layout.name, self.chunk.start.line

        def kept(place: int) -> Kept:
            text = self.texts[place][:MOST_CHARACTERS]
            rank, positive = ranks.item(place), self.positive.item(place)
            return Kept(rank, source, line, self.rows[place], text, positive)

        return least(most, map(kept, places[np.argsort(ranks[places], kind="stable")].tolist()))


def _labelled(column: str, pairs: Iterable[Pair]) -> Labelled:
    confusion, unknown = [[0, 0], [0, 0]], 0
    for (value, is_positive), number in Counter(pairs).items():
        label = COMMON.label(value) if value is not None else None
        if label is None:
            unknown += number
        else:
            confusion[label][is_positive] += number
    return Labelled(column, confusion, unknown)
