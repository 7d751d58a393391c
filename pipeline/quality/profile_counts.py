"""Profiles of chunks of texts that can be added up to the profile of a whole file.

They hold what `text_profile` gives, as counts instead of shares.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.profile import text_profile

Counts = dict[str, Any]


def count_texts(cleaned: Sequence[str], positive: NDArray[np.float64]) -> Counts:
    """Counts of n cleaned texts and their P(positive), shape (n,)."""
    profile, texts = text_profile(cleaned, positive), len(cleaned)
    characters = sum(map(len, cleaned))
    scripts = {name: round(share * characters) for name, share in profile["scripts"].items()}
    return {
        "texts": texts,
        "characters": characters,
        "length": _counts(profile["length"], texts),
        "score": _counts(profile["score"], texts),
        "scripts": scripts,
    }


def _counts(shares: Sequence[float], total: int) -> list[int]:
    return [round(share * total) for share in shares]


def shares(counts: Counts) -> Mapping[str, Any]:
    """The profile, with shares, that these counts stand for."""
    texts, characters = max(counts["texts"], 1), max(counts["characters"], 1)
    return {
        "texts": counts["texts"],
        "length": [count / texts for count in counts["length"]],
        "score": [count / texts for count in counts["score"]],
        "scripts": {name: count / characters for name, count in counts["scripts"].items()},
    }


def add_counts(one: Any, other: Any) -> Any:
    """The sum of two numbers, lists or dicts of the same shape; None is neutral."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, dict):
        return {name: add_counts(one[name], other[name]) for name in one}
    if isinstance(one, list):
        return [add_counts(a, b) for a, b in zip(one, other, strict=True)]
    return one + other
