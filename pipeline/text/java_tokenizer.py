"""The analyzers written in Java, each in a child process that is restarted when it dies."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.errors import ResourceUnavailable
from pipeline.text.analyzer_packages import require_packages
from pipeline.text.analyzer_process import AnalyzerDied, AnalyzerProcess
from pipeline.text.morphemes import Morpheme, Tokenizer

BATCH = 16
"""Pieces sent to a child at once; the time limit is for all of them."""

LONGEST_PIECE = 200
"""Characters analyzed at once. The time that each analyzer takes grows faster than the length."""


class Limits(NamedTuple):
    """Longest run of letters analyzed as one, and how often one letter may occur in it."""

    letters: int
    repeats: int


LIMITS = {
    "okt": Limits(40, 40),  # 100 unspaced syllables take it half a second
    "komoran": Limits(LONGEST_PIECE, LONGEST_PIECE),
    "hannanum": Limits(30, 30),  # overflows its tables of 512, 1,024 and 10,000 candidates
    "kkma": Limits(8, 2),  # exponential: 10 × 는 takes a minute, so can 10 different syllables
}
_ASTRAL = "\U00010000-\U0010ffff"
_PIECE = re.compile(
    rf"[{_ASTRAL}]{{1,{LONGEST_PIECE}}}"
    # as many whole words as fit; if the first does not fit, as much of it as fits
    rf"|[^\s{_ASTRAL}](?:[^{_ASTRAL}]{{0,{LONGEST_PIECE - 2}}}[^\s{_ASTRAL}])?(?=[\s{_ASTRAL}]|$)"
    rf"|[^\s{_ASTRAL}]{{1,{LONGEST_PIECE}}}"
)


class JavaTokenizer(Tokenizer):
    """Okt, Komoran, Hannanum or Kkma, in a child process that is restarted when it dies."""

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
            f"({death}). Leave that text out, or use another analyzer."
        )

    def _running(self) -> AnalyzerProcess:
        if self._process is None or not self._process.is_running:
            self.close()
            require_packages(self.name)
            self._process = AnalyzerProcess(self.name)
        return self._process

    def close(self) -> None:
        """End the child; a call under way in another thread continues with a new one."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def after_fork(self) -> None:
        """Also forget the child process, which belongs to the parent."""
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
