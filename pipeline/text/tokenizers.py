"""Morphological analyzers by name. They work across threads, forks, crashes and hangs.

MeCab and Kiwi run in this process. The four in Java run in a child process each, since a Java
virtual machine does not survive a fork and handles signals itself, and Hannanum ends it when two
threads call. The morphemes of a text depend on the text alone, not on other texts asked before or
with it.
"""

import atexit
import os

from pipeline.errors import InvalidInput
from pipeline.text.java_tokenizer import JavaTokenizer
from pipeline.text.kiwi import KiwiTokenizer
from pipeline.text.mecab import MecabTokenizer
from pipeline.text.morphemes import Tokenizer

_TOKENIZERS: dict[str, Tokenizer] = {
    "mecab": MecabTokenizer("mecab"),
    "kiwi": KiwiTokenizer("kiwi"),
    **{name: JavaTokenizer(name) for name in ("okt", "komoran", "hannanum", "kkma")},
}
ANALYZERS: tuple[str, ...] = tuple(_TOKENIZERS)


def get_tokenizer(name: str) -> Tokenizer:
    """The one tokenizer of this name. Raises InvalidInput for an unknown name."""
    if name not in _TOKENIZERS:
        raise InvalidInput(f"No analyzer is called {name!r}. There are {', '.join(ANALYZERS)}.")
    return _TOKENIZERS[name]


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
