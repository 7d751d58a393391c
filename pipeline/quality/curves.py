"""How good answers are at every threshold: ROC, precision and recall, reliability, coverage.

Labels (0 negative, 1 positive) and P(positive) have shape (n,) throughout.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.coverage import Coverage, coverage

MOST_POINTS = 200
"""Points kept of a curve: more cannot be seen on a page."""

RELIABILITY_BINS = 10
"""Equal bins of P(positive), from 0 to 1."""

Labels = NDArray[np.intp]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Roc:
    """The receiver operating characteristic; empty where only one label occurs."""

    false_positive_rate: list[float] = field(default_factory=list)
    true_positive_rate: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision by recall, and its mean over recall; empty and nan where only one label occurs."""

    average_precision: float = float("nan")
    recall: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class ReliabilityBin:
    """The n reviews whose P(positive) is in (lowest, highest], and their share of positive labels.

    `mean_probability` and `positive_share` are nan where there are none.
    """

    lowest: float
    highest: float
    reviews: int
    mean_probability: float
    positive_share: float


def roc(labels: Labels, positive: Probabilities) -> Roc:
    """At most MOST_POINTS of the curve's points, evenly spread along it."""
    from sklearn.metrics import roc_curve

    if np.unique(labels).size < 2:
        return Roc()
    false_rate, true_rate, _ = roc_curve(labels, positive)
    kept = evenly_spread(false_rate, true_rate)
    return Roc(false_rate[kept].tolist(), true_rate[kept].tolist())


def precision_recall(labels: Labels, positive: Probabilities) -> PrecisionRecall:
    """At most MOST_POINTS of the curve's points, evenly spread along it; recall falls."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    if np.unique(labels).size < 2:
        return PrecisionRecall()
    precision, recall, _ = precision_recall_curve(labels, positive)
    kept = evenly_spread(recall, precision)
    mean = float(average_precision_score(labels, positive))
    return PrecisionRecall(mean, recall[kept].tolist(), precision[kept].tolist())


def evenly_spread(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indexes of points of a curve, the first and the last among them, at like distances."""
    lengths = np.append(0.0, np.hypot(np.diff(x), np.diff(y)).cumsum())
    wanted = np.linspace(0.0, lengths[-1], MOST_POINTS)
    found = np.minimum(np.searchsorted(lengths, wanted), x.size - 1)
    return np.unique(np.append(found, [0, x.size - 1]))


def reliability(labels: Labels, positive: Probabilities) -> list[ReliabilityBin]:
    """Whether a probability is as often right as it says, by equal bins of it."""
    edges = np.linspace(0.0, 1.0, RELIABILITY_BINS + 1)
    bins = np.searchsorted(edges[1:-1], positive)
    counts = np.bincount(bins, minlength=RELIABILITY_BINS)
    with np.errstate(invalid="ignore"):  # 0 ÷ 0 where a bin is empty
        means = np.bincount(bins, positive, RELIABILITY_BINS) / counts
        shares = np.bincount(bins, labels, RELIABILITY_BINS) / counts
    columns = (edges[:-1], edges[1:], counts, means, shares)
    return [ReliabilityBin(*row) for row in zip(*map(np.ndarray.tolist, columns), strict=True)]


def coverage_curve(labels: Labels, positive: Probabilities) -> list[Coverage]:
    """What remains of the answers at thresholds that leave evenly many, from all to the surest."""
    confidences = np.sort(np.maximum(positive, 1 - positive))
    places = np.linspace(0, confidences.size, MOST_POINTS // 2, endpoint=False).astype(np.intp)
    return [coverage(labels, positive, at) for at in np.unique(confidences[places]).tolist()]
