"""Hashed n-grams of whole batches, in numpy: the one featurizing function.

A batch is one buffer of codes that holds several views of every review. A rolling hash runs over
the buffer once for each n-gram order; order n takes one addition and one multiplication a position
more than order n - 1. The hash is polynomial modulo 2^32 and multiplied after each addition, so
that its top bits depend on all codes; they are the bucket (Dietzfelbinger et al. 1997, "A reliable
randomized algorithm for the closest-pair problem"). The orders are computed one after the other, so
that the processor's cache need hold one table at a time.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.models.feature_settings import LARGEST_BITS, LARGEST_ORDER, SYLLABLE, FeatureSettings

BOUNDARY = "\n"
"""Stands before and after each review in each view; cleaned text never holds it."""

# These are arrays without dimensions: numpy computes with them twice as fast as with its scalars,
# which matters where a single review is scored.
_MULTIPLIER = np.array(0x85EBCA6B, dtype=np.uint32)
_SHIFTS = [np.array(32 - bits, dtype=np.uint32) for bits in range(LARGEST_BITS + 1)]
_BOUNDARY = np.array(ord(BOUNDARY), dtype=np.uint32)
_BOUNDARIES = np.full(LARGEST_ORDER, _BOUNDARY)
_SPACE = np.array(ord(" "), dtype=np.uint32)
"""The largest code that is no character of a word; the only smaller one is the boundary."""

_DISTANCES = np.arange(1, LARGEST_ORDER)[:, None]
"""How far before a boundary an n-gram can begin and still reach beyond it."""

_NUMBER = np.array(1 << 31, dtype=np.uint32)
"""A bit that is set in the numbers of words and morphemes, and in no code point."""

Codes = NDArray[np.uint32]
Positions = NDArray[np.intp]


class View(NamedTuple):
    """One view of a review, and the longest order of its n-grams."""

    name: str
    orders: int


class Batch(NamedTuple):
    """All views of n reviews, one after the other in one buffer, those with more orders first.

    `codes`: uint32, shape (positions + orders,), with a boundary before each review in each view
    and some after the last. `starts`, `ends`: intp, shape (views × n,), the positions in `codes`
    where each review begins in each view, at its boundary, and where the next one begins.
    """

    views: tuple[View, ...]
    codes: Codes
    starts: Positions
    ends: Positions
    settings: FeatureSettings

    def buckets(self) -> Iterator[tuple[int, Codes]]:
        """For each order, yield its table's first bucket, and each n-gram's bucket in that table.

        The buckets, shape (positions,), are those of the n-grams that begin at each position of the
        views that have this order. An n-gram that would reach beyond the boundary after its review
        is put into the bucket "nothing".
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
                # Clipped, since there are no positions before the first boundary.
                within = crossing[: order - 1, : views * reviews]
                buckets.put(within, nothing - first, mode="clip")
            yield first, buckets
            first += 1 << bits

    def sums(self, values: NDArray[np.int16]) -> NDArray[np.int64]:
        """Sum of `values`, one per position, over all views of each review; shape (n,)."""
        by_view = np.add.reduceat(values, self.starts, dtype=np.int64)
        sums: NDArray[np.int64] = np.add.reduce(by_view.reshape(len(self.views), -1))
        return sums


def featurize(texts: Sequence[str], settings: FeatureSettings) -> Batch:
    """The views of n ≥ 1 cleaned texts, in one batch."""
    # The first word gets a space too, so that each word has one before it.
    edge = f"{BOUNDARY} "
    buffer = f"{edge}{edge.join(texts)}{edge}".encode("utf-32-le", "surrogatepass")
    padded = np.frombuffer(buffer, dtype=np.uint32)
    text = padded[: -len(edge)]
    # Taking positions is four times quicker in numpy than a mask.
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
    """A number for each word, made from its first two characters, and the boundaries."""
    gaps = (padded[:-2] <= _SPACE).nonzero()[0]
    beginnings = padded[1:-1] * _MULTIPLIER
    beginnings += padded[2:]
    beginnings |= _NUMBER
    return np.where(padded.take(gaps) == _BOUNDARY, _BOUNDARY, beginnings.take(gaps))


def _morpheme_views(texts: Sequence[str], settings: FeatureSettings) -> list[tuple[View, Codes]]:
    """A view of the morphemes, a number for each, and one of the content words alone."""
    # Imported here, so that a model without morphemes can be pickled: analyzers hold locks.
    from pipeline.text.tokenizers import get_tokenizer

    found = get_tokenizer(settings.tokenizer).tokenize(texts)
    surfaces = [[morpheme.text for morpheme in review] for review in found]
    content = [[word for morpheme in review for word in morpheme.content] for review in found]
    return [
        (View("morphemes", settings.morpheme_orders), _numbers(surfaces, 0)),
        (View("content words", settings.content_orders), _numbers(content, 1)),
    ]


def _numbers(reviews: Sequence[Sequence[str]], seed: int) -> Codes:
    """A boundary before each review, and a number for each of its words, seeded with `seed`."""
    codes: list[int] = []
    for words in reviews:
        codes.append(int(_BOUNDARY))
        for word in words:
            codes.append(zlib.crc32(word.encode("utf-8", "surrogatepass"), seed) | int(_NUMBER))
    return np.array(codes, dtype=np.uint32)
