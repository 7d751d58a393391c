"""The settings of the one featurizing function, as an artifact's manifest has them."""

from dataclasses import dataclass
from typing import Any, Self

from pipeline.text.tokenizers import ANALYZERS

SYLLABLE = "syllable"
LARGEST_ORDER = 8
LARGEST_BITS = 24


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
