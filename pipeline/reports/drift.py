"""How far reviews are from those of training: figures for a page, and as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.quality.drift import FEWEST_TEXTS, drift, verdict
from pipeline.quality.profile import LENGTH_EDGES, SHARE_BINS, length_names, share_names
from pipeline.quality.profile_counts import Counts, shares


@dataclass(frozen=True)
class Index:
    """The population stability index of a feature, and what it means."""

    feature: str
    index: float
    verdict: str


@dataclass(frozen=True)
class Bar:
    """A share of all reviews, or of their characters; and that of training."""

    name: str
    share: float
    training: float


@dataclass(frozen=True)
class DriftFigures:
    """Indexes and the shares that they are of; no index where there are too few reviews.

    The bars of `scripts` are shares of characters, all others of reviews.
    """

    reviews: int
    indexes: list[Index]
    length: list[Bar]
    scripts: list[Bar]
    score: list[Bar]


def drift_figures(training: Mapping[str, Any], counts: Counts) -> DriftFigures:
    """Compare counted reviews with an artifact's reference profile."""
    found = shares(counts)
    indexes = drift(training, found) if counts["texts"] >= FEWEST_TEXTS else {}
    scripts = found["scripts"]
    lengths = ["0", *length_names(LENGTH_EDGES)]
    return DriftFigures(
        counts["texts"],
        [Index(name, index, verdict(index)) for name, index in indexes.items()],
        _bars(lengths, found["length"], training["length"]),
        _bars(scripts, scripts.values(), (training["scripts"][name] for name in scripts)),
        _bars(share_names(SHARE_BINS), found["score"], training["score"]),
    )


def _bars(names: Iterable[str], found: Iterable[float], training: Iterable[float]) -> list[Bar]:
    return [Bar(*one) for one in zip(names, found, training, strict=True)]
