"""How far texts are from those of training, by comparing two profiles bin by bin."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.quality.profile import SCRIPT_NAMES

FEATURES = ("length", "scripts", "coverage", "score")

SMALLEST_SHARE = 0.0001
"""The share that an empty bin counts as, so that its logarithm is finite."""


STABLE, FAR = 0.1, 0.25
"""Population stability index below which nothing has changed, and from which on much has."""


FEWEST_TEXTS = 200
"""Texts below which an index says nothing: chance alone moves it."""


def drift(reference: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, float]:
    """Population stability index of each feature that both profiles have; 0 where they agree.

    By the usual rule of thumb, nothing has changed below 0.1, and much has from 0.25 on.
    """
    return {
        feature: stability_index(_values(reference[feature]), _values(profile[feature]))
        for feature in FEATURES
        if feature in reference and feature in profile
    }


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Sum of (actual - expected) × ln(actual ÷ expected) over the bins; empty ones count as 0.01 %.

    Source: Siddiqi, Credit Risk Scorecards (2006), as is the rule of thumb.
    """
    pairs = [
        (max(e, SMALLEST_SHARE), max(a, SMALLEST_SHARE))
        for e, a in zip(expected, actual, strict=True)
    ]
    return sum((a - e) * math.log(a / e) for e, a in pairs)


def verdict(index: float) -> str:
    """What a population stability index means, by the usual rule of thumb."""
    return "unchanged" if index < STABLE else "changed" if index < FAR else "changed much"


def _values(shares: Mapping[str, float] | Iterable[float]) -> list[float]:
    """The shares of a feature, in a fixed order."""
    return [shares[name] for name in SCRIPT_NAMES] if isinstance(shares, Mapping) else list(shares)
