"""How many answers remain, and how many of them are right, where unsure ones are held back.

Coverage and selective accuracy after Geifman and El-Yaniv 2017, "Selective Classification for Deep
Neural Networks", NeurIPS 30.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
WANTED = 0.95
"""The accuracy for which a threshold is told."""


@dataclass(frozen=True)
class Coverage:
    """Of n reviews, the share with a confidence of at least `threshold`, and their accuracy.

    The accuracy is nan where none remains.
    """

    threshold: float
    share: float
    accuracy: float


def coverage(labels: NDArray[np.intp], positive: NDArray[np.float64], threshold: float) -> Coverage:
    """What remains of the answers at a threshold.

    Labels (0 negative, 1 positive) and P(positive) have shape (n,).
    """
    right, confidences = _judged(labels, positive)
    remain = confidences >= threshold
    accuracy = float(right[remain].mean()) if remain.any() else float("nan")
    return Coverage(threshold, float(remain.mean()), accuracy)


def coverages(labels: NDArray[np.intp], positive: NDArray[np.float64]) -> list[Coverage]:
    """What remains at each of the usual thresholds; see `coverage`."""
    return [coverage(labels, positive, threshold) for threshold in THRESHOLDS]


def coverage_at(
    labels: NDArray[np.intp], positive: NDArray[np.float64], accuracy: float
) -> Coverage | None:
    """The most answers of which at least this share is right; None where no threshold gives it."""
    right, confidences = _judged(labels, positive)
    order = np.argsort(-confidences, kind="stable")
    accuracies = np.cumsum(right[order]) / np.arange(1, right.size + 1)
    # Answers of the same confidence stay or go together.
    is_last = np.append(np.diff(confidences[order]) != 0, True)
    enough = np.flatnonzero((accuracies >= accuracy) & is_last)
    if not enough.size:
        return None
    return coverage(labels, positive, float(confidences[order][enough[-1]]))


def _judged(
    labels: NDArray[np.intp], positive: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    return labels == (positive > 0.5), np.maximum(positive, 1 - positive)
