"""The settings of the featurizing function, which an artifact's manifest holds."""

from dataclasses import dataclass
from typing import Any, Self

from pipeline.text.tokenizers import ANALYZERS

SYLLABLE = "syllable"
LARGEST_ORDER = 8
LARGEST_BITS = 24


@dataclass(frozen=True)
class FeatureSettings:
    """What turns a cleaned review into bucket numbers: n-grams of several views of it.

    `bits`: for each n-gram order 1, 2, …, the size of its table, 2^bits buckets, which all views
    share. Short n-grams are few and frequent, so their tables are small and stay in the processor's
    cache. The tables follow one another, and after them comes one more bucket, for "nothing".

    There are two views of a text: the text without its spaces, which Korean writers set freely; and
    its words, each represented by its first two characters, mostly the stem. With a `tokenizer`,
    an analyzer, there are two more: its morphemes, and its content words alone,
    skipping particles and endings between them; "syllable" stands for no analyzer. `word_orders`,
    `morpheme_orders` and `content_orders` are the longest n-grams of these views, since longer ones
    hardly ever occur again.
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
        """Number of buckets of all tables, with that for "nothing"."""
        return self.nothing + 1

    @property
    def nothing(self) -> int:
        """The bucket that stands for "nothing"."""
        return sum(1 << bits for bits in self.bits)
