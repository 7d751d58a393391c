"""Morphemes, and the interface of the analyzers that find them."""

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple, Self

_FUNCTION_TAG = re.compile(
    # Okt's tags, which are words
    r"PreEomi|Punctuation|(?!Exclamation|ScreenName|Suffix)"
    # Sejong's (Kiwi's, too) and Hannanum's particles, endings and signs; not foreign words,
    # numbers, emoticons
    r"(?:J|E(?!MO)|S(?![HLN]))"
)


class Morpheme(NamedTuple):
    """A surface form and the content words in it, which are those that have a meaning of their own.

    A particle, an ending or a punctuation mark holds no content word; most other morphemes are one.
    A contraction that MeCab leaves whole (했 for 하 and 았) holds its stem.
    """

    text: str
    content: tuple[str, ...]

    @classmethod
    def tagged(cls, text: str, tag: str) -> Self:
        """A morpheme that is no contraction; `tag` is the analyzer's own, "" where it gave none."""
        return cls(text, (text,) if is_content(tag) else ())


def is_content(tag: str) -> bool:
    """Whether a tag, of any analyzer, is that of a content word."""
    return not _FUNCTION_TAG.match(tag)


class Tokenizer(ABC):
    """One analyzer, loaded by the first call and freed by `close`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()

    def tokenize(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        """Morphemes of each of n cleaned texts, in order; [] for a blank one.

        Forms are as KoNLPy's `morphs` gives them, or those of Kiwi's tokens; a few of Komoran's
        hold a space. Raises ModelMissing where a package or Java is missing, ResourceUnavailable
        where the analyzer dies or hangs twice.
        """
        pieces = [self._pieces(text) for text in texts]
        found = iter(self._analyze([piece for own in pieces for piece in own]))
        return [[morpheme for one in islice(found, len(own)) for morpheme in one] for own in pieces]

    @abstractmethod
    def _pieces(self, text: str) -> list[str]:
        """Parts of a text to analyze one by one, none of them blank."""

    @abstractmethod
    def _analyze(self, pieces: Sequence[str]) -> list[list[Morpheme]]:
        """Morphemes of each piece."""

    @abstractmethod
    def close(self) -> None:
        """Free the analyzer. The next call loads it again."""

    def after_fork(self) -> None:
        """Start afresh: another thread may have held the lock when the process forked."""
        self._lock = threading.Lock()
