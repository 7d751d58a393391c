"""Hashed syllable n-grams of whole batches, in numpy: the one featurizing function.

A batch is one UTF-32 buffer, reviews joined and surrounded by a line break, which cleaned text
never holds, so that it marks the start and the end of a review. A rolling hash is kept for every
position; order n costs a multiplication and an addition per character more than order n - 1. The
hash is polynomial modulo 2^32, spread over the buckets by multiplying and taking the top bits
(Dietzfelbinger et al. 1997, "A reliable randomized algorithm for the closest-pair problem").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

BOUNDARY = "\n"
LARGEST_ORDER = 16

# Arrays without dimensions: numpy multiplies by them twice as fast as by its scalars, which is felt
# where a single review is scored.
_ROLLING_MULTIPLIER = np.array(0x85EBCA6B, dtype=np.uint32)
_BUCKET_MULTIPLIERS = [
    np.array(0xC2B2AE35 + 2 * order, dtype=np.uint32) for order in range(LARGEST_ORDER + 1)
]

Buckets = NDArray[np.uint32]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class FeatureSettings:
    """What turns a cleaned review into bucket numbers.

    `bucket_bits`: buckets are 0 … 2^bits - 1, and the number 2^bits itself stands for "nothing".
    `orders`: n-gram orders over the text as it is, boundaries and spaces included.
    `unspaced_orders`: n-gram orders over the text without its spaces, counted apart.
    """

    bucket_bits: int = 22
    orders: tuple[int, ...] = (1, 2, 3, 4)
    unspaced_orders: tuple[int, ...] = ()

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Rebuild settings from JSON, where tuples are lists; raises ValueError or TypeError."""
        tuples = {key: tuple(value) for key, value in record.items() if isinstance(value, list)}
        settings = cls(**{**record, **tuples})
        settings._check()
        return settings

    def _check(self) -> None:
        numbers = (self.bucket_bits, *self.orders, *self.unspaced_orders)
        if any(type(number) is not int for number in numbers):
            raise TypeError("bucket bits and n-gram orders are whole numbers")
        allowed = set(range(1, LARGEST_ORDER + 1))
        for orders in (self.orders, self.unspaced_orders):
            if not allowed.issuperset(orders) or list(orders) != sorted(set(orders)):
                raise ValueError("n-gram orders must ascend, from 1 to 16")
        if self.bucket_bits not in range(1, 29):
            raise ValueError("bucket bits must be from 1 to 28")

    @property
    def bucket_count(self) -> int:
        """Number of real buckets; a weight table has one more, for "nothing"."""
        return 1 << self.bucket_bits


@dataclass(frozen=True)
class Block:
    """A batch of reviews as one buffer: code points, with a boundary before, between and after.

    `codes`: uint32, shape (positions + 1,). The positions of review i are
    `starts[i] … starts[i + 1] - 1`: its leading boundary and its characters, so at least one.
    """

    codes: NDArray[np.uint32]
    starts: Positions
    ends: Positions
    orders: tuple[int, ...]
    bucket_bits: int
    unspaced: bool

    @property
    def positions(self) -> int:
        """Number of places where an n-gram can begin."""
        return self.codes.size - 1

    def buckets(self) -> Iterator[Buckets]:
        """Yield, for each order, the bucket of the n-gram that begins at each position.

        uint32, shape (≤ positions,): at the very end of the batch no n-gram begins any more. One
        that would reach beyond its review is in bucket 2^bits, "nothing".
        """
        hashes = np.full(self.positions, self.unspaced, dtype=np.uint32)
        for order in range(1, max(self.orders, default=0) + 1):
            next_codes = self.codes[order - 1 : order - 1 + self.positions]
            hashes = hashes[: next_codes.size]
            hashes *= _ROLLING_MULTIPLIER
            hashes += next_codes
            if order in self.orders:
                buckets = hashes * _BUCKET_MULTIPLIERS[order]
                buckets >>= 32 - self.bucket_bits
                self._drop_crossing(buckets, order)
                yield buckets

    def _drop_crossing(self, buckets: Buckets, order: int) -> None:
        """Blank the n-grams that begin less than `order` - 1 characters before their end."""
        starts, ends = self.starts[:-1], self.ends[:-1]
        if not starts.size:  # a single review: there is nothing to reach over to
            return
        for distance in range(1, order - 1):
            positions = ends - distance
            crossing = (positions >= starts) & (positions < buckets.size)
            buckets[positions[crossing]] = 1 << self.bucket_bits


def ngram_blocks(texts: Sequence[str], settings: FeatureSettings) -> Iterator[Block]:
    """Yield the blocks of n ≥ 1 cleaned texts: the texts as they are, and without spaces."""
    joined = BOUNDARY + BOUNDARY.join(texts) + BOUNDARY
    blocks = ((joined, settings.orders), (joined.replace(" ", ""), settings.unspaced_orders))
    for unspaced, (buffer, orders) in zip((False, True), blocks, strict=True):
        if orders:
            codes = np.frombuffer(buffer.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            ends = np.flatnonzero(codes == ord(BOUNDARY))
            yield Block(codes, ends[:-1], ends[1:], orders, settings.bucket_bits, unspaced)
