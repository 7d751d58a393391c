"""Hashed syllable n-grams of whole batches, in numpy: the one featurizing function.

A batch is one UTF-32 buffer, reviews joined and surrounded by a line break, which cleaned text
never holds, so that it marks the start and the end of a review. A rolling hash is kept for every
position; order n costs a multiplication and an addition per character more than order n - 1. The
hash is polynomial modulo 2^32, spread over a table by multiplying and taking the top bits
(Dietzfelbinger et al. 1997, "A reliable randomized algorithm for the closest-pair problem").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

BOUNDARY = "\n"
LARGEST_ORDER = 16
LARGEST_BITS = 24

# Arrays without dimensions: numpy multiplies by them twice as fast as by its scalars, which is felt
# where a single review is scored.
_ROLLING_MULTIPLIER = np.array(0x85EBCA6B, dtype=np.uint32)
_BUCKET_MULTIPLIERS = [
    np.array(0xC2B2AE35 + 2 * order, dtype=np.uint32) for order in range(LARGEST_ORDER + 1)
]

Buckets = NDArray[np.uint32]
Positions = NDArray[np.intp]
Orders = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class FeatureSettings:
    """What turns a cleaned review into bucket numbers.

    `spaced`: pairs of n-gram order and bits, over the text as it is, boundaries and spaces
    included. `unspaced`: the same over the text without its spaces, counted apart. Each pair has a
    table of 2^bits buckets and one more that stands for "nothing"; short n-grams, of which there
    are few and which come often, have small tables that stay in the processor's cache. The tables
    stand one behind the other in this order.
    """

    spaced: Orders = ((1, 13), (2, 19), (3, 21), (4, 21))
    unspaced: Orders = ()

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Rebuild settings from JSON, where tuples are lists; raises ValueError or TypeError."""
        pairs = {key: tuple((o, b) for o, b in value) for key, value in record.items()}
        settings = cls(**pairs)
        for orders in (settings.spaced, settings.unspaced):
            ascending = [order for order, _ in orders]
            if ascending != sorted(set(ascending) & set(range(1, LARGEST_ORDER + 1))):
                raise ValueError("n-gram orders must ascend, from 1 to 16")
            if not {bits for _, bits in orders} <= set(range(1, LARGEST_BITS + 1)):
                raise ValueError("bits must be from 1 to 24")
        return settings

    @property
    def bucket_count(self) -> int:
        """Number of buckets of all tables, those for "nothing" included."""
        return sum(_table_size(bits) for _, bits in (*self.spaced, *self.unspaced))

    def nothing(self) -> Positions:
        """The buckets that stand for "nothing", one a table."""
        sizes = [_table_size(bits) for _, bits in (*self.spaced, *self.unspaced)]
        return np.cumsum(sizes, dtype=np.intp) - 1


@dataclass(frozen=True)
class Block:
    """A batch of reviews as one buffer: code points, with a boundary before, between and after.

    `codes`: uint32, shape (positions + 1,). The positions of review i are
    `starts[i] … starts[i + 1] - 1`: its leading boundary and its characters, so at least one.
    `first_bucket`: where the first of the block's tables begins.
    """

    codes: NDArray[np.uint32]
    starts: Positions
    ends: Positions
    orders: Orders
    first_bucket: int
    unspaced: bool

    @property
    def positions(self) -> int:
        """Number of places where an n-gram can begin."""
        return self.codes.size - 1

    def buckets(self) -> Iterator[tuple[slice, Buckets]]:
        """Yield (place of its table, buckets within it) for each order.

        Buckets are uint32, shape (≤ positions,), of the n-gram that begins at each position: at
        the very end of the batch none begins any more. One that would reach beyond its review is
        in the table's last bucket, "nothing".
        """
        hashes = np.full(self.positions, self.unspaced, dtype=np.uint32)
        bits_of = dict(self.orders)
        first = self.first_bucket
        for order in range(1, max(bits_of, default=0) + 1):
            next_codes = self.codes[order - 1 : order - 1 + self.positions]
            hashes = hashes[: next_codes.size]
            hashes *= _ROLLING_MULTIPLIER
            hashes += next_codes
            if bits := bits_of.get(order):
                buckets = hashes * _BUCKET_MULTIPLIERS[order]
                buckets >>= 32 - bits
                self._drop_crossing(buckets, order, nothing=1 << bits)
                yield slice(first, first + _table_size(bits)), buckets
                first += _table_size(bits)

    def _drop_crossing(self, buckets: Buckets, order: int, nothing: int) -> None:
        """Blank the n-grams that begin less than `order` - 1 characters before their end."""
        starts, ends = self.starts[:-1], self.ends[:-1]
        if not starts.size:  # a single review: there is nothing to reach over to
            return
        for distance in range(1, order - 1):
            positions = ends - distance
            crossing = (positions >= starts) & (positions < buckets.size)
            buckets[positions[crossing]] = nothing


def ngram_blocks(texts: Sequence[str], settings: FeatureSettings) -> Iterator[Block]:
    """Yield the blocks of n ≥ 1 cleaned texts: the texts as they are, and without spaces."""
    joined = BOUNDARY + BOUNDARY.join(texts) + BOUNDARY
    first = 0
    for unspaced, orders in ((False, settings.spaced), (True, settings.unspaced)):
        if orders:
            buffer = joined.replace(" ", "") if unspaced else joined
            codes = np.frombuffer(buffer.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            ends = np.flatnonzero(codes == ord(BOUNDARY))
            yield Block(codes, ends[:-1], ends[1:], orders, first, unspaced)
            first += sum(_table_size(bits) for _, bits in orders)


def _table_size(bits: int) -> int:
    return (1 << bits) + 1
