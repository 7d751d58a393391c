"""The one cleaning function, for training and for serving.

After the `clean_text` of BERT's tokenizer (control characters and U+FFFD dropped, white space
folded), with canonical composition added: NFC, never NFKC, which would turn ㅋㅋ into conjoining
jamo. The cost of composing is bounded as in the Stream-Safe Text Format of Unicode UAX #15.
"""

import re
import unicodedata
from itertools import groupby, islice

CLEANING_VERSION = 1
"""Raised whenever `clean` changes its answer for any text; an artifact names the one it needs."""

MAX_COMBINING_MARKS = 30
"""Longest run of combining marks kept (UAX #15, section 13)."""

_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})

# These stand for themselves under NFC, combine with nothing and are no controls: printable ASCII,
# Hangul, punctuation such as … and “”, symbols such as ♥ and ★, and the common Chinese characters.
# Where a text holds nothing else, only its spaces are left to see to; that is nearly every review.
UNUSUAL = re.compile(r"[^ -~가-힣ㄱ-ㅎㅏ-ㅣ‐-‧─-➿一-鿿]")


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
