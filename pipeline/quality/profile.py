"""The reference profile of an artifact: what reviews look like.

Shares over fixed bins, so that two profiles can be compared bin by bin.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH_EDGES = (1, 6, 11, 16, 21, 31, 41, 61, 81, 121, 161, 501)
"""Characters of the cleaned text; the last bin is open."""
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


def reference_profile(
    cleaned: Sequence[str], positive: NDArray[np.float64], coverage: NDArray[np.float64]
) -> dict[str, Any]:
    """Profile of n cleaned texts, their P(positive), shape (n,), and their n-gram coverage, (n,).

    `length`: share of the texts in each bin of LENGTH_EDGES, the empty ones before the first.
    `scripts`: share of all characters by script. `coverage`: of a text's n-grams, the share that
    training knew; `score`: P(positive); both as shares over ten equal bins from 0 to 1.
    """
    return {**text_profile(cleaned, positive), "coverage": _unit_shares(coverage)}


def text_profile(cleaned: Sequence[str], positive: NDArray[np.float64]) -> dict[str, Any]:
    """The part of `reference_profile` that needs the texts and their P(positive) alone."""
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
