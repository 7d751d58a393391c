"""Hashed n-grams of whole batches, in numpy: the one featurizing function.

A batch is one buffer of codes that holds several views of every review. A rolling hash runs over
the buffer, once for each n-gram order; order n costs an addition and a multiplication per position
more than order n - 1. The hash is polynomial modulo 2^32; multiplied after each addition, its top
bits depend on all codes and are the bucket (Dietzfelbinger et al. 1997, "A reliable randomized
algorithm for the closest-pair problem").
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.tokenizers import ANALYZERS

BOUNDARY = "\n"
"""Stands before and after each review in each view; cleaned text never holds it."""

SYLLABLE = "syllable"
LARGEST_ORDER = 8
LARGEST_BITS = 24

# Arrays without dimensions: numpy computes with them twice as fast as with its scalars, which is
# felt where a single review is scored.
_MULTIPLIER = np.array(0x85EBCA6B, dtype=np.uint32)
_BOUNDARY = np.array(ord(BOUNDARY), dtype=np.uint32)
_BOUNDARIES = np.full(LARGEST_ORDER, _BOUNDARY)
_DISTANCES = np.arange(1, LARGEST_ORDER)[:, None]
_SPACE = np.array(ord(" "), dtype=np.uint32)
"""The largest code that is no letter: cleaned text has nothing below it but the boundary."""

_NUMBER = np.array(1 << 31, dtype=np.uint32)
"""A bit beyond those of code points, which numbers of words and morphemes have."""

Codes = NDArray[np.uint32]
Positions = NDArray[np.intp]


class Table(NamedTuple):
    """The buckets of one n-gram order, and how far to shift a hash to get one of them."""

    place: slice
    shift: NDArray[np.uint32]
    nothing: int


@dataclass(frozen=True)
class FeatureSettings:
    """What turns a cleaned review into bucket numbers: n-grams of several views of it.

    `bits`: for the n-gram orders 1, 2, …, the size of the order's table: 2^bits buckets, and one
    more that stands for "nothing". All views share it. Short n-grams, of which there are few and
    which come often, have small tables that stay in the processor's cache. The tables stand one
    behind the other.

    The views are the text without its spaces, which Korean writers set freely, and its words, each
    told by its first two characters, mostly the stem. With a `tokenizer`, one of KoNLPy's
    analyzers, there are the morphemes too; "syllable" stands for none of them. Of words and
    morphemes there are only the orders up to `word_orders` and `morpheme_orders`: longer ones
    hardly ever come again.
    """

    bits: tuple[int, ...] = (16, 20, 22, 22, 22)
    word_orders: int = 2
    morpheme_orders: int = 3
    tokenizer: str = SYLLABLE

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Rebuild settings from JSON, where tuples are lists; raises ValueError or TypeError."""
        settings = cls(**{**record, "bits": tuple(record["bits"])})
        settings._check()
        return settings

    def _check(self) -> None:
        orders = (self.word_orders, self.morpheme_orders)
        if any(type(number) is not int for number in (*self.bits, *orders)):
            raise TypeError("bits and orders are whole numbers")
        if not 1 <= len(self.bits) <= LARGEST_ORDER:
            raise ValueError("there must be n-gram orders, 8 at the most")
        if not all(1 <= bits <= LARGEST_BITS for bits in self.bits):
            raise ValueError("bits must be from 1 to 24")
        if not all(1 <= order <= LARGEST_ORDER for order in orders):
            raise ValueError("orders must be from 1 to 8")
        if self.tokenizer not in (SYLLABLE, *ANALYZERS):
            raise ValueError("no such tokenizer")

    @property
    def bucket_count(self) -> int:
        """Number of buckets of all tables, those for "nothing" included."""
        return sum((1 << bits) + 1 for bits in self.bits)

    def nothing(self) -> Positions:
        """The buckets that stand for "nothing", one a table."""
        return np.array([table.place.stop for table in self.tables], dtype=np.intp) - 1

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the orders 1, 2, …, worked out once."""
        # By hand: functools' ways hold locks, and settings travel in pickles with their code.
        tables: tuple[Table, ...] | None = self.__dict__.get("_tables")
        if tables is None:
            tables = self.__dict__["_tables"] = self._lay_out()
        return tables

    def _lay_out(self) -> tuple[Table, ...]:
        sizes = [1 << number for number in self.bits]
        ends = list(accumulate((size + 1 for size in sizes), initial=0))
        shifts = [np.array(32 - number, dtype=np.uint32) for number in self.bits]
        return tuple(map(Table, map(slice, ends, ends[1:]), shifts, sizes))


class View(NamedTuple):
    """One way to see reviews: the codes of all of them, and how long its n-grams get."""

    name: str
    orders: int
    codes: Codes


class Batch(NamedTuple):
    """All views of n reviews, one behind the other in one buffer, those with more orders first.

    `codes`: uint32, shape (positions + orders,): a boundary before each review in each view, and
    some behind the last. `starts`, `ends`: intp, shape (views × n,): where in it each review begins
    in each view, with its boundary, and where the next one does.
    """

    views: tuple[View, ...]
    codes: Codes
    starts: Positions
    ends: Positions
    settings: FeatureSettings

    @property
    def positions(self) -> int:
        """Number of places where n-grams begin, one of each order that the view has."""
        return self.codes.size - len(self.settings.bits)

    def buckets(self) -> Iterator[tuple[slice, Codes]]:
        """Yield (place of the table, buckets within it) for each order, from 1 on.

        Buckets are uint32, of the n-gram that begins at each position of the views that have the
        order. One that would reach beyond the boundary behind its review is in the last bucket,
        "nothing".
        """
        orders = [view.orders for view in self.views]
        reviews = self.ends.size // len(orders)
        # Where a review has no more, it is the end of one before: not further from its own end.
        crossing = np.maximum(self.ends - _DISTANCES[: len(self.settings.bits)], 0)
        hashes = np.zeros(self.positions, dtype=np.uint32)
        for order, table in enumerate(self.settings.tables, start=1):
            parts = reviews * sum(map(order.__le__, orders))
            positions = self.ends.item(parts - 1)
            hashes = hashes[:positions]
            hashes += self.codes[order - 1 : order - 1 + positions]
            hashes *= _MULTIPLIER
            buckets = hashes >> table.shift
            if order > 2:
                buckets[crossing[: order - 2, :parts]] = table.nothing
            yield table.place, buckets

    def sums(self, values: NDArray[np.int16]) -> NDArray[np.int64]:
        """Sum of the values, one a position, over all views of each review; shape (n,)."""
        by_view = np.add.reduceat(values, self.starts, dtype=np.int64)
        sums: NDArray[np.int64] = np.add.reduce(by_view.reshape(len(self.views), -1))
        return sums


def featurize(texts: Sequence[str], settings: FeatureSettings) -> Batch:
    """The views of n ≥ 1 cleaned texts."""
    # A space before the first word too: so each word has one.
    edge = f"{BOUNDARY} "
    buffer = f"{edge}{edge.join(texts)}{edge}".encode("utf-32-le", "surrogatepass")
    padded = np.frombuffer(buffer, dtype=np.uint32)
    text = padded[: -len(edge)]
    # Positions taken, not a mask: numpy is four times quicker so.
    unspaced = text.take((text != _SPACE).nonzero()[0])
    views = [
        View("unspaced", LARGEST_ORDER, unspaced),
        View("words", settings.word_orders, _words(padded)),
    ]
    if settings.tokenizer != SYLLABLE:
        morphemes = _morphemes(texts, settings.tokenizer)
        views.append(View("morphemes", settings.morpheme_orders, morphemes))
        views.sort(key=lambda view: -view.orders)
    codes = np.concatenate([*(view.codes for view in views), _BOUNDARIES[: len(settings.bits)]])
    places = (codes == _BOUNDARY).nonzero()[0]
    size = len(views) * len(texts)
    return Batch(tuple(views), codes, places[:size], places[1 : size + 1], settings)


def _words(padded: Codes) -> Codes:
    """For each space a number for the first two characters of its word; and the boundaries."""
    gaps = (padded[:-2] <= _SPACE).nonzero()[0]
    beginnings = padded[1:-1] * _MULTIPLIER
    beginnings += padded[2:]
    beginnings |= _NUMBER
    return np.where(padded.take(gaps) == _BOUNDARY, _BOUNDARY, beginnings.take(gaps))


def _morphemes(texts: Sequence[str], tokenizer: str) -> Codes:
    """A number for each morpheme, and the boundaries."""
    # Here, so that a model without morphemes can be pickled with its code: analyzers hold locks.
    from pipeline.tokenizers import get_tokenizer

    codes: list[int] = []
    for morphemes in get_tokenizer(tokenizer).tokenize(texts):
        codes.append(int(_BOUNDARY))
        codes += [_number(morpheme) for morpheme in morphemes]
    return np.array(codes, dtype=np.uint32)


def _number(morpheme: str) -> int:
    return zlib.crc32(morpheme.encode("utf-8", "surrogatepass")) | int(_NUMBER)
