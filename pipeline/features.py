"""Hashed syllable n-grams of whole batches, in numpy: the one featurizing function.

A batch is one UTF-32 buffer, reviews joined and surrounded by a line break, which cleaned text
never holds, so that it marks the start and the end of a review. A rolling hash is kept for every
position; order n costs a multiplication and an addition per character more than order n - 1. The
hash is polynomial modulo 2^32, spread over a table by multiplying and taking the top bits
(Dietzfelbinger et al. 1997, "A reliable randomized algorithm for the closest-pair problem").
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
SYLLABLE = "syllable"
LARGEST_ORDER = 16
LARGEST_BITS = 24

# Arrays without dimensions: numpy multiplies by them twice as fast as by its scalars, which is felt
# where a single review is scored.
_ROLLING_MULTIPLIER = np.array(0x85EBCA6B, dtype=np.uint32)
_BUCKET_MULTIPLIERS = [
    np.array(0xC2B2AE35 + 2 * order, dtype=np.uint32) for order in range(LARGEST_ORDER + 1)
]

_NO_BOUNDARY = np.array(1 << 31, dtype=np.uint32)
"""Bit that keeps the numbers of words and morphemes apart from the boundary's."""

Buckets = NDArray[np.uint32]
Positions = NDArray[np.intp]
Orders = tuple[tuple[int, int], ...]


class Table(NamedTuple):
    """Buckets of one view's n-grams of one order: 2^bits and "nothing", at this place."""

    order: int
    bits: int
    place: slice


@dataclass(frozen=True)
class FeatureSettings:
    """What turns a cleaned review into bucket numbers: n-grams of several views of it.

    Each view has pairs of n-gram order and bits. `spaced`: the text as it is, boundaries and spaces
    included. `unspaced`: the text without its spaces. `ending`: the last `ending_length` characters
    of that, where Korean has its verb and so its verdict. `words`: the first two characters of each
    word, mostly its stem; the order counts words. `morphemes`: n-grams of what `tokenizer`,
    one of KoNLPy's analyzers, cuts the text into; "syllable" stands for none of them.

    Each pair has a table of 2^bits buckets and one more that stands for "nothing". Short n-grams,
    of which there are few and which come often, have small tables that stay in the processor's
    cache. The tables stand one behind the other, in this order of views.
    """

    spaced: Orders = ((1, 13), (2, 19), (3, 21), (4, 21))
    unspaced: Orders = ((2, 18), (3, 21), (4, 21), (5, 21))
    ending: Orders = ((2, 18), (3, 20), (4, 20))
    ending_length: int = 16
    words: Orders = ((2, 20),)
    morphemes: Orders = ()
    tokenizer: str = SYLLABLE

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
            if any(type(number) is not int for pair in pairs for number in pair):
                raise TypeError("n-gram orders and bits are whole numbers")
            orders = [order for order, _ in pairs]
            if orders != sorted(set(orders) & set(range(1, LARGEST_ORDER + 1))):
                raise ValueError("n-gram orders must ascend, from 1 to 16")
            if not {bits for _, bits in pairs} <= set(range(1, LARGEST_BITS + 1)):
                raise ValueError("bits must be from 1 to 24")
        if type(self.ending_length) is not int or self.ending_length < 1:
            raise ValueError("the ending must have a length")
        if self.tokenizer not in (SYLLABLE, *ANALYZERS):
            raise ValueError("no such tokenizer")

    def views(self) -> dict[str, Orders]:
        """Orders and bits by view, in the order of their tables."""
        return {
            "spaced": self.spaced,
            "unspaced": self.unspaced,
            "ending": self.ending,
            "words": self.words,
            "morphemes": self.morphemes,
        }

    @property
    def tables(self) -> dict[str, tuple[Table, ...]]:
        """Tables of each view that has orders, worked out once."""
        # By hand, since functools.cached_property of Python 3.11 holds a lock, and settings travel
        # in pickles.
        tables: dict[str, tuple[Table, ...]] | None = self.__dict__.get("_tables")
        if tables is None:
            tables = self.__dict__["_tables"] = self._lay_out()
        return tables

    def _lay_out(self) -> dict[str, tuple[Table, ...]]:
        first, tables = 0, {}
        for view, pairs in self.views().items():
            ends = list(accumulate(((1 << bits) + 1 for _, bits in pairs), initial=first))
            places = map(slice, ends, ends[1:])
            tables[view] = tuple(
                Table(*pair, place) for pair, place in zip(pairs, places, strict=True)
            )
            first = ends[-1]
        return {view: found for view, found in tables.items() if found}

    @property
    def bucket_count(self) -> int:
        """Number of buckets of all tables, those for "nothing" included."""
        return int(self.nothing().max(initial=-1)) + 1

    def nothing(self) -> Positions:
        """The buckets that stand for "nothing", one a table."""
        ends = [table.place.stop for tables in self.tables.values() for table in tables]
        return np.array(ends, dtype=np.intp) - 1


class Block(NamedTuple):
    """One view of a batch as a buffer, with a boundary before, between and after the reviews.

    `codes`: code points, or numbers that stand for morphemes; uint32, shape (positions + 1,). The
    positions of review i are `starts[i] … starts[i + 1] - 1`: its leading boundary and its
    characters, so at least one.
    """

    view: str
    codes: NDArray[np.uint32]
    starts: Positions
    ends: Positions
    tables: tuple[Table, ...]

    @property
    def positions(self) -> int:
        """Number of places where an n-gram can begin."""
        return self.codes.size - 1

    def buckets(self) -> Iterator[tuple[slice, Buckets]]:
        """Yield (place of the table, buckets within it) for each order.

        Buckets are uint32, shape (≤ positions,), of the n-gram that begins at each position: at
        the very end of the batch none begins any more. One that would reach beyond its review is
        in the table's last bucket, "nothing".
        """
        positions, order = self.positions, 0
        hashes = np.zeros(positions, dtype=np.uint32)
        for table in self.tables:
            while order < table.order:
                next_codes = self.codes[order : order + positions]
                hashes = hashes[: next_codes.size]
                hashes *= _ROLLING_MULTIPLIER
                hashes += next_codes
                order += 1
            buckets = hashes * _BUCKET_MULTIPLIERS[order]
            buckets >>= 32 - table.bits
            if self.starts.size > 1:  # a single review has nothing to reach over to
                self._drop_crossing(buckets, order, nothing=1 << table.bits)
            yield table.place, buckets

    def _drop_crossing(self, buckets: Buckets, order: int, nothing: int) -> None:
        """Blank the n-grams that begin less than `order` - 1 characters before their end."""
        starts, ends = self.starts[:-1], self.ends[:-1]
        for distance in range(1, order - 1):
            positions = ends - distance
            crossing = (positions >= starts) & (positions < buckets.size)
            buckets[positions[crossing]] = nothing


def ngram_blocks(texts: Sequence[str], settings: FeatureSettings) -> Iterator[Block]:
    """Yield the views of n ≥ 1 cleaned texts that have orders."""
    spaced = BOUNDARY.join(texts)
    unspaced = spaced.replace(" ", "")
    for view, tables in settings.tables.items():
        if view == "morphemes":
            codes = _morphemes(texts, settings)
        elif view == "ending":
            endings = [text[-settings.ending_length :] for text in unspaced.split(BOUNDARY)]
            codes = _characters(BOUNDARY.join(endings))
        elif view == "words":
            codes = _words(_characters(spaced))
        else:
            codes = _characters(spaced if view == "spaced" else unspaced)
        boundaries = np.flatnonzero(codes == ord(BOUNDARY))
        yield Block(view, codes, boundaries[:-1], boundaries[1:], tables)


def _characters(joined: str) -> NDArray[np.uint32]:
    buffer = f"{BOUNDARY}{joined}{BOUNDARY}".encode("utf-32-le", "surrogatepass")
    return np.frombuffer(buffer, dtype=np.uint32)


def _words(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A boundary where there is one, and a number for the first two characters of each word."""
    before = np.flatnonzero(codes <= ord(" "))  # cleaned text has no other character below
    is_boundary = codes[before] == ord(BOUNDARY)
    padded = np.append(codes, np.full(2, ord(BOUNDARY), dtype=np.uint32))
    first = padded[before + 1]
    # After an empty review comes the next one's boundary, and that review is none of its business.
    second = np.where(first == ord(BOUNDARY), first, padded[before + 2])
    places = np.arange(before.size) + np.cumsum(is_boundary)
    words = np.full(before.size + np.count_nonzero(is_boundary), ord(BOUNDARY), dtype=np.uint32)
    words[places] = (first * _ROLLING_MULTIPLIER + second) | _NO_BOUNDARY
    return words[:-1]  # after the last boundary there is no word


def _morphemes(texts: Sequence[str], settings: FeatureSettings) -> NDArray[np.uint32]:
    """A boundary where there is one, and a number for each morpheme."""
    # Here, so that a model without morphemes can be pickled with its code: analyzers hold locks.
    from pipeline.tokenizers import get_tokenizer

    codes = [ord(BOUNDARY)]
    for morphemes in get_tokenizer(settings.tokenizer).tokenize(texts):
        numbers = [zlib.crc32(morpheme.encode("utf-8", "surrogatepass")) for morpheme in morphemes]
        codes += [number | int(_NO_BOUNDARY) for number in numbers]
        codes.append(ord(BOUNDARY))
    return np.array(codes, dtype=np.uint32)
