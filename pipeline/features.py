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
_ROLLING_MULTIPLIER = np.uint32(0x85EBCA6B)
_BUCKET_MULTIPLIER = 0xC2B2AE35  # odd; 2 × the order is added, so that orders spread differently

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
        orders = (*settings.orders, *settings.unspaced_orders)
        if not 1 <= settings.bucket_bits <= 28 or not all(
            order in range(1, 17) for order in orders
        ):
            raise ValueError("feature settings out of range")
        return settings

    @property
    def bucket_count(self) -> int:
        """Number of real buckets; a weight table has one more, for "nothing"."""
        return 1 << self.bucket_bits


def ngram_buckets(
    texts: Sequence[str], settings: FeatureSettings
) -> Iterator[tuple[Buckets, Positions]]:
    """Yield (buckets, starts) for each order of each block.

    `texts`: cleaned, at least one. `buckets[p]`, uint32, is the bucket of the n-gram that begins at
    position p of the batch; those of review i lie in `buckets[starts[i]:starts[i + 1]]`, at least
    one each. An n-gram that would reach beyond its review is in bucket 2^bits, "nothing".
    """
    joined = BOUNDARY + BOUNDARY.join(texts) + BOUNDARY
    yield from _block_buckets(joined, settings.orders, settings.bucket_bits, salt=0)
    unspaced = joined.replace(" ", "")
    yield from _block_buckets(unspaced, settings.unspaced_orders, settings.bucket_bits, salt=1)


def _block_buckets(
    joined: str, orders: tuple[int, ...], bucket_bits: int, salt: int
) -> Iterator[tuple[Buckets, Positions]]:
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    boundaries = np.flatnonzero(codes == ord(BOUNDARY))
    starts, ends = boundaries[:-1], boundaries[1:]
    hashes = np.full(codes.size - 1, salt, dtype=np.uint32)
    for order in range(1, max(orders, default=0) + 1):
        hashes *= _ROLLING_MULTIPLIER
        next_codes = codes[order - 1 : order - 1 + hashes.size]
        hashes[: next_codes.size] += next_codes
        if order in orders:
            multiplier = np.uint32(_BUCKET_MULTIPLIER + 2 * order)
            buckets = (hashes * multiplier) >> np.uint32(32 - bucket_bits)
            _drop_crossing(buckets, starts, ends, order, nothing=1 << bucket_bits)
            yield buckets, starts


def _drop_crossing(
    buckets: Buckets, starts: Positions, ends: Positions, order: int, nothing: int
) -> None:
    """Blank the n-grams that begin less than `order` characters before the end of their review."""
    for distance in range(1, order - 1):
        positions = ends - distance
        buckets[positions[positions >= starts]] = nothing
