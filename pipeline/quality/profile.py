"""The reference profile of an artifact, which says what reviews look like.

A profile holds shares over fixed bins, so that two profiles can be compared bin by bin.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH_EDGES = (1, 6, 11, 16, 21, 31, 41, 61, 81, 121, 161, 501)
"""Lower edges of the bins of length, in characters of the cleaned text; the last bin is open."""
SHARE_BINS = 10
SCRIPTS = {
    "hangul": re.compile(r"[가-힣]"),
    "jamo": re.compile(r"[ㄱ-ㆎ]"),
    "latin": re.compile(r"[A-Za-z]"),
    "digit": re.compile(r"[0-9]"),
    "space": re.compile(r" "),
}
SCRIPT_NAMES = (*SCRIPTS, "other")
LENGTH_BINS = len(LENGTH_EDGES) + 1


def length_names(edges: Sequence[int]) -> list[str]:
    """Names of bins of length from each of these edges on; the last bin is open."""
    return [f"{low}–{beyond - 1}" for low, beyond in pairwise(edges)] + [f"{edges[-1]}+"]


def share_names(bins: int) -> list[str]:
    """Names of so many equal bins from 0 to 1, in whole percent."""
    width = 100 // bins
    return [f"{low}–{low + width}%" for low in range(0, 100, width)]


def reference_profile(
    cleaned: Sequence[str], positive: NDArray[np.float64], coverage: NDArray[np.float64]
) -> dict[str, Any]:
    """Profile of n cleaned texts, their P(positive), shape (n,), and their n-gram coverage, (n,).

    `length`: share of the texts in each bin of LENGTH_EDGES, empty texts before the first edge.
    `scripts`: share of all characters by script. `coverage` and `score`: share of the texts in ten
    equal bins from 0 to 1, by the share of their n-grams that training knew, and by P(positive).
    """
    return {**text_profile(cleaned, positive), "coverage": _unit_shares(coverage)}


def text_profile(cleaned: Sequence[str], positive: NDArray[np.float64]) -> dict[str, Any]:
    """The profile without `coverage`, which only the model itself can compute."""
    return {
        "texts": len(cleaned),
        "length": _shares(
            np.searchsorted(LENGTH_EDGES, [len(t) for t in cleaned], "right"), LENGTH_BINS
        ),
        "scripts": _script_shares("".join(cleaned)),
        "score": _unit_shares(positive),
    }


def _shares(bins: NDArray[np.intp], count: int) -> list[float]:
    shares: list[float] = (np.bincount(bins, minlength=count) / max(bins.size, 1)).round(6).tolist()
    return shares


def _unit_shares(values: NDArray[np.float64]) -> list[float]:
    bins = np.minimum((values * SHARE_BINS).astype(np.intp), SHARE_BINS - 1)
    return _shares(bins, SHARE_BINS)


def _script_shares(text: str) -> dict[str, float]:
    total = max(len(text), 1)
    counts = {name: len(pattern.findall(text)) for name, pattern in SCRIPTS.items()}
    counts["other"] = len(text) - sum(counts.values())
    return {name: round(count / total, 6) for name, count in counts.items()}
