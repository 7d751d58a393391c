"""Hashed n-grams of whole batches, in numpy: the one featurizing function.

A batch is one buffer of codes that holds several views of every review. A rolling hash runs over
the buffer, once for each n-gram order; order n costs an addition and a multiplication per position
more than order n - 1. The hash is polynomial modulo 2^32; multiplied after each addition, its top
bits depend on all codes and are the bucket (Dietzfelbinger et al. 1997, "A reliable randomized
algorithm for the closest-pair problem"). One order after the other, so that no more than one table
need be near the processor at a time.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.text.tokenizers import ANALYZERS

BOUNDARY = "\n"
"""Stands before and after each review in each view; cleaned text never holds it."""

SYLLABLE = "syllable"
LARGEST_ORDER = 8
LARGEST_BITS = 24

# Arrays without dimensions: numpy computes with them twice as fast as with its scalars, which is
# felt where a single review is scored.
_MULTIPLIER = np.array(0x85EBCA6B, dtype=np.uint32)
_SHIFTS = [np.array(32 - bits, dtype=np.uint32) for bits in range(LARGEST_BITS + 1)]
_BOUNDARY = np.array(ord(BOUNDARY), dtype=np.uint32)
_BOUNDARIES = np.full(LARGEST_ORDER, _BOUNDARY)
_SPACE = np.array(ord(" "), dtype=np.uint32)
"""The largest code that is no letter: cleaned text has nothing below it but the boundary."""

_DISTANCES = np.arange(1, LARGEST_ORDER)[:, None]
"""How long before a boundary an n-gram may begin that reaches beyond it."""

_NUMBER = np.array(1 << 31, dtype=np.uint32)
"""A bit beyond those of code points, which numbers of words and morphemes have."""

Codes = NDArray[np.uint32]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class FeatureSettings:
    """What turns a cleaned review into bucket numbers: n-grams of several views of it.

    `bits`: for the n-gram orders 1, 2, …, the size of the order's table: 2^bits buckets. All views
    share it. Short n-grams, of which there are few and which come often, have small tables that
    stay in the processor's cache. The tables stand one behind the other, and one more bucket behind
    them, which stands for "nothing".

    The views are the text without its spaces, which Korean writers set freely, and its words, each
    told by its first two characters, mostly the stem. With a `tokenizer`, one of KoNLPy's
    analyzers, there are the morphemes too, and the content words in them, next to one another
    whatever particles and endings are between; "syllable" stands for no analyzer. Of these views
    there are only the orders up to `word_orders`, `morpheme_orders` and `content_orders`: longer
    n-grams hardly ever come again.
    """

    bits: tuple[int, ...] = (16, 20, 22, 22, 22)
    word_orders: int = 2
    morpheme_orders: int = 3
    content_orders: int = 2
    tokenizer: str = SYLLABLE

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Rebuild settings from JSON, where tuples are lists; raises ValueError or TypeError."""
        settings = cls(**{**record, "bits": tuple(record["bits"])})
        settings._check()
        return settings

    def _check(self) -> None:
        orders = (self.word_orders, self.morpheme_orders, self.content_orders)
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
        """Number of buckets of all tables, and that for "nothing"."""
        return self.nothing + 1

    @property
    def nothing(self) -> int:
        """The bucket that stands for "nothing"."""
        return sum(1 << bits for bits in self.bits)


class View(NamedTuple):
    """One way to see a review, and how long the n-grams of it get."""

    name: str
    orders: int


class Batch(NamedTuple):
    """All views of n reviews, one behind the other in one buffer, those of more orders first.

    `codes`: uint32, shape (positions + orders,): a boundary before each review in each view, and
    some behind the last. `starts`, `ends`: intp, shape (views × n,): where in it each review begins
    in each view, with its boundary, and where the next one does.
    """

    views: tuple[View, ...]
    codes: Codes
    starts: Positions
    ends: Positions
    settings: FeatureSettings

    def buckets(self) -> Iterator[tuple[int, Codes]]:
        """For each order: its table's first bucket, and the bucket of each n-gram, from there on.

        The buckets, shape (positions,), are of the n-grams that begin at each position of the views
        that have so long ones. One that would reach beyond the boundary behind its review is in the
        bucket "nothing".
        """
        crossing = self.ends - _DISTANCES[: len(self.settings.bits)]
        views, reviews = len(self.views), self.ends.size // len(self.views)
        first, nothing, hashes = 0, self.settings.nothing, self.codes * _MULTIPLIER
        for order, bits in enumerate(self.settings.bits):
            while self.views[views - 1].orders <= order:
                views -= 1
            hashes = hashes[: self.ends.item(views * reviews - 1)]
            if order:
                hashes += self.codes[order : order + hashes.size]
                hashes *= _MULTIPLIER
            buckets = hashes >> _SHIFTS[bits]
            if order > 1:
                # Clipped: before the very first boundary there is nothing.
                within = crossing[: order - 1, : views * reviews]
                buckets.put(within, nothing - first, mode="clip")
            yield first, buckets
            first += 1 << bits

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
    found = [
        (View("unspaced", LARGEST_ORDER), unspaced),
        (View("words", settings.word_orders), _words(padded)),
    ]
    if settings.tokenizer != SYLLABLE:
        found += _morpheme_views(texts, settings)
        found.sort(key=lambda pair: -pair[0].orders)
    views, parts = zip(*found, strict=True)
    codes = np.concatenate([*parts, _BOUNDARIES[: len(settings.bits)]])
    places = (codes == _BOUNDARY).nonzero()[0]
    size = len(views) * len(texts)
    return Batch(views, codes, places[:size], places[1 : size + 1], settings)


def _words(padded: Codes) -> Codes:
    """For each space a number for the first two characters of its word; and the boundaries."""
    gaps = (padded[:-2] <= _SPACE).nonzero()[0]
    beginnings = padded[1:-1] * _MULTIPLIER
    beginnings += padded[2:]
    beginnings |= _NUMBER
    return np.where(padded.take(gaps) == _BOUNDARY, _BOUNDARY, beginnings.take(gaps))


def _morpheme_views(texts: Sequence[str], settings: FeatureSettings) -> list[tuple[View, Codes]]:
    """A number for each morpheme, and the boundaries; the same of the content words alone."""
    # Here, so that a model without morphemes can be pickled with its code: analyzers hold locks.
    from pipeline.text.tokenizers import get_tokenizer

    found = get_tokenizer(settings.tokenizer).tokenize(texts)
    surfaces = [[morpheme.text for morpheme in review] for review in found]
    content = [[word for morpheme in review for word in morpheme.content] for review in found]
    return [
        (View("morphemes", settings.morpheme_orders), _numbers(surfaces, 0)),
        (View("content words", settings.content_orders), _numbers(content, 1)),
    ]


def _numbers(reviews: Sequence[Sequence[str]], seed: int) -> Codes:
    """A boundary for each review, a number for each of its words; others by another seed."""
    codes: list[int] = []
    for words in reviews:
        codes.append(int(_BOUNDARY))
        for word in words:
            codes.append(zlib.crc32(word.encode("utf-8", "surrogatepass"), seed) | int(_NUMBER))
    return np.array(codes, dtype=np.uint32)
