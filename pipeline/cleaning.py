"""`clean` for many texts at once: one look at all of them finds the few that need it."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.text import UNUSUAL, clean

CHUNK = 512
FEWEST = 8
"""From this many texts on, looking at them together is the quicker way."""

_SEPARATOR = "\n"
_PLAIN, _GAP, _UNUSUAL = 0, 1, 3


def clean_all(texts: Sequence[str]) -> list[str]:
    """The same as `clean` of each text, several times quicker where most are clean already."""
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
    # Of each two neighbours: both are gaps, or the second is unusual.
    suspects = ((kinds[:-1] & kinds[1:]) | (kinds[1:] >> 1)).nonzero()[0]
    cleaned = list(texts)
    if suspects.size:
        separators = (units == ord(_SEPARATOR)).nonzero()[0]
        for row in np.unique(separators.searchsorted(suspects, "right") - 1).tolist():
            cleaned[row] = clean(texts[row])
    return cleaned


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each UTF-16 unit is; the two that stand for a rarer character are unusual."""
    kinds = np.full(1 << 16, _PLAIN, dtype=np.uint8)
    for found in UNUSUAL.finditer("".join(map(chr, range(kinds.size)))):
        kinds[found.start()] = _UNUSUAL
    kinds[[ord(" "), ord(_SEPARATOR)]] = _GAP
    return kinds
