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
    """What turns a cleaned review into bucket numbers: n-grams of three views of it.

    Each view has pairs of n-gram order and bits. `spaced`: the text as it is, boundaries and spaces
    included. `unspaced`: the text without its spaces. `ending`: the last `ending_length` characters
    of that, where Korean has its verb and so its verdict.

    Each pair has a table of 2^bits buckets and one more that stands for "nothing". Short n-grams,
    of which there are few and which come often, have small tables that stay in the processor's
    cache. The tables stand one behind the other, in this order of views.
    """

    spaced: Orders = ((1, 13), (2, 19), (3, 21), (4, 21))
    unspaced: Orders = ((2, 18), (3, 21), (4, 21), (5, 21))
    ending: Orders = ((2, 18), (3, 20), (4, 20))
    ending_length: int = 16

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Rebuild settings from JSON, where tuples are lists; raises ValueError or TypeError."""
        values: dict[str, Any] = {
            key: tuple((order, bits) for order, bits in value) if type(value) is list else value
            for key, value in record.items()
        }
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        for pairs in self.views().values():
            orders = [order for order, _ in pairs]
            if orders != sorted(set(orders) & set(range(1, LARGEST_ORDER + 1))):
                raise ValueError("n-gram orders must ascend, from 1 to 16")
            if not {bits for _, bits in pairs} <= set(range(1, LARGEST_BITS + 1)):
                raise ValueError("bits must be from 1 to 24")
        if type(self.ending_length) is not int or self.ending_length < 1:
            raise ValueError("the ending must have a length")

    def views(self) -> dict[str, Orders]:
        """Orders and bits by view, in the order of their tables."""
        return {"spaced": self.spaced, "unspaced": self.unspaced, "ending": self.ending}

    @property
    def bucket_count(self) -> int:
        """Number of buckets of all tables, those for "nothing" included."""
        return sum(map(_tables_size, self.views().values()))

    def nothing(self) -> Positions:
        """The buckets that stand for "nothing", one a table."""
        sizes = [_table_size(bits) for pairs in self.views().values() for _, bits in pairs]
        return np.cumsum(sizes, dtype=np.intp) - 1


@dataclass(frozen=True)
class Block:
    """One view of a batch as a buffer: code points, with a boundary before, between and after.

    `codes`: uint32, shape (positions + 1,). The positions of review i are
    `starts[i] … starts[i + 1] - 1`: its leading boundary and its characters, so at least one.
    `first_bucket`: where the first of the view's tables begins.
    """

    view: str
    codes: NDArray[np.uint32]
    starts: Positions
    ends: Positions
    orders: Orders
    first_bucket: int

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
        hashes = np.zeros(self.positions, dtype=np.uint32)
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
    """Yield the views of n ≥ 1 cleaned texts that have orders."""
    first = 0
    joined = BOUNDARY.join(texts)
    for view, orders in settings.views().items():
        if view == "unspaced":
            joined = joined.replace(" ", "")
        elif view == "ending":
            joined = BOUNDARY.join([t[-settings.ending_length :] for t in joined.split(BOUNDARY)])
        if orders:
            yield _block(view, joined, orders, first)
            first += _tables_size(orders)


def _block(view: str, joined: str, orders: Orders, first_bucket: int) -> Block:
    buffer = f"{BOUNDARY}{joined}{BOUNDARY}".encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(buffer, dtype=np.uint32)
    boundaries = np.flatnonzero(codes == ord(BOUNDARY))
    return Block(view, codes, boundaries[:-1], boundaries[1:], orders, first_bucket)


def _table_size(bits: int) -> int:
    return (1 << bits) + 1


def _tables_size(orders: Orders) -> int:
    return sum(_table_size(bits) for _, bits in orders)
