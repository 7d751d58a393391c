"""The one cleaning function, for training and for serving, and a quicker form for many texts.

It follows the `clean_text` of BERT's tokenizer (control characters and U+FFFD dropped, white space
folded), with canonical composition added: NFC, never NFKC, which would turn ㅋㅋ into conjoining
jamo. The cost of composing is bounded as in the Stream-Safe Text Format of Unicode UAX #15.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

CLEANING_VERSION = 1
"""Raised whenever `clean` changes its answer for any text; an artifact names the one it needs."""

MAX_COMBINING_MARKS = 30
"""Longest run of combining marks kept (UAX #15, section 13)."""

_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})

# Characters outside these ranges are unusual. Those inside are unchanged by NFC, combine with
# nothing and are no controls: printable ASCII, Hangul, punctuation such as … and “”, symbols such
# as ♥ and ★, and the common Chinese characters. Nearly every review holds nothing else, so that
# only its spaces need cleaning.
UNUSUAL = re.compile(r"[^ -~가-힣ㄱ-ㅎㅏ-ㅣ‐-‧─-➿一-鿿]")


CHUNK = 512
FEWEST = 8
"""Number of texts from which looking at them together is quicker."""

_SEPARATOR = "\n"
_PLAIN, _GAP, _UNUSUAL = 0, 1, 3


def clean(text: str) -> str:
    """Return the text as the models see it. Idempotent, never fails, linear in the text's length.

    Control, format and surrogate characters and U+FFFD are dropped, runs of combining marks cut
    to 30, the rest composed to NFC, runs of white space folded to one space, the ends stripped.
    """
    if "  " not in text and not UNUSUAL.search(text):
        return text.strip(" ")
    kept = "".join(character for character in text if not _is_dropped(character))
    # Cut before composing to bound the cost, and after, since composing can lengthen a run.
    composed = unicodedata.normalize("NFC", _limit_combining_marks(kept))
    return " ".join(_limit_combining_marks(composed).split())


def _is_dropped(character: str) -> bool:
    if character.isspace():
        return False
    return character == "\ufffd" or unicodedata.category(character) in _DROPPED_CATEGORIES


def _limit_combining_marks(text: str) -> str:
    if text.isascii():
        return text
    runs = groupby(text, key=lambda character: unicodedata.combining(character) > 0)
    return "".join(
        "".join(islice(run, MAX_COMBINING_MARKS) if is_combining else run)
        for is_combining, run in runs
    )


def clean_all(texts: Sequence[str]) -> list[str]:
    """Clean each text, as `clean` does; several times quicker where most are clean already."""
    if len(texts) < FEWEST:
        return [clean(text) for text in texts]
    cleaned: list[str] = []
    for start in range(0, len(texts), CHUNK):
        cleaned += _clean_chunk(texts[start : start + CHUNK])
    return cleaned


def _clean_chunk(texts: Sequence[str]) -> list[str]:
    joined = f"{_SEPARATOR}{_SEPARATOR.join(texts)}{_SEPARATOR}"
    if joined.count(_SEPARATOR) > len(texts) + 1:
        return [clean(text) for text in texts]
    units = np.frombuffer(joined.encode("utf-16-le", "surrogatepass"), dtype=np.uint16)
    kinds = _kinds().take(units)
    # A text must be cleaned if two neighbours in it are both gaps, or if one is unusual.
    suspects = ((kinds[:-1] & kinds[1:]) | (kinds[1:] >> 1)).nonzero()[0]
    cleaned = list(texts)
    if suspects.size:
        separators = (units == ord(_SEPARATOR)).nonzero()[0]
        for row in np.unique(separators.searchsorted(suspects, "right") - 1).tolist():
            cleaned[row] = clean(texts[row])
    return cleaned


@cache
def _kinds() -> NDArray[np.uint8]:
    """The kind of each UTF-16 unit. Surrogates, which stand for rarer characters, are unusual."""
    kinds = np.full(1 << 16, _PLAIN, dtype=np.uint8)
    for found in UNUSUAL.finditer("".join(map(chr, range(kinds.size)))):
        kinds[found.start()] = _UNUSUAL
    kinds[[ord(" "), ord(_SEPARATOR)]] = _GAP
    return kinds
