"""The analyzer Kiwi."""

import warnings
from collections.abc import Sequence
from typing import Any

from pipeline.text.analyzer_packages import require_packages
from pipeline.text.morphemes import Morpheme, Tokenizer


class KiwiTokenizer(Tokenizer):
    """Kiwi, in this process and without threads of its own.

    It gives stems and endings apart, also of contractions (하 and 었 for 했), and as they are in
    the dictionary.
    """

    _kiwi: Any = None

    def _pieces(self, text: str) -> list[str]:
        return [text] if text.strip() else []

    def _analyze(self, pieces: Sequence[str]) -> list[list[Morpheme]]:
        with self._lock:
            if self._kiwi is None:
                require_packages(self.name)
                self._kiwi = _load_kiwi()
            found = [self._kiwi.tokenize(piece) for piece in pieces]
        return [[Morpheme.tagged(token.form, token.tag) for token in one] for one in found]

    def close(self) -> None:
        """Free the dictionary, once no other thread uses it."""
        with self._lock:
            self._kiwi = None

    def after_fork(self) -> None:
        """Also drop the analyzer: it may be in the middle of another thread's text."""
        super().after_fork()
        self._kiwi = None


def _load_kiwi() -> Any:
    from kiwipiepy import Kiwi

    with warnings.catch_warnings():
        # It warns that 0 once meant a thread for each core; now it means none, which is wanted.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Its dictionary of names of several words takes 200 MB.
        return Kiwi(num_workers=0, load_multi_dict=False)
