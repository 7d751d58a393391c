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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.models.feature_settings import LARGEST_BITS, LARGEST_ORDER, SYLLABLE, FeatureSettings

BOUNDARY = "\n"
"""Stands before and after each review in each view; cleaned text never holds it."""

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
