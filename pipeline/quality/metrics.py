"""How good the answers are: accuracy, F1, confusion, ROC AUC and calibration error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Metrics:
    """Figures over labelled reviews; `confusion[i][j]` counts label i answered as j."""

    reviews: int
    accuracy: float
    f1: float
    roc_auc: float
    calibration_error: float
    confusion: tuple[tuple[int, int], tuple[int, int]]


def measure(labels: NDArray[np.intp], positive: NDArray[np.float64]) -> Metrics:
    """Compare labels (0 negative, 1 positive; shape (n,)) with P(positive), shape (n,).

    F1 is of the positive class; ROC AUC is nan where only one label occurs.
    """
    from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score

    answers = (positive > 0.5).astype(np.intp)
    both = np.unique(labels).size == 2
    (tn, fp), (fn, tp) = confusion_matrix(labels, answers, labels=[0, 1]).tolist()
    return Metrics(
        reviews=labels.size,
        accuracy=(tn + tp) / labels.size,
        f1=float(f1_score(labels, answers, zero_division=0.0)),
        roc_auc=float(roc_auc_score(labels, positive)) if both else float("nan"),
        calibration_error=calibration_error(labels == answers, np.maximum(positive, 1 - positive)),
        confusion=((tn, fp), (fn, tp)),
    )


def log_loss(log_odds: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """Mean of -log P(label); `log_odds` of positive and labels (0 or 1) have shape (n,)."""
    return float(np.logaddexp(0.0, np.where(labels == 1, -log_odds, log_odds)).mean())


def calibration_error(
    correct: NDArray[np.bool_], confidence: NDArray[np.float64], bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error, 0–1, over bins of confidence that hold equally many texts.

    It is the mean distance between a bin's accuracy and its mean confidence, weighted by size
    (Nguyen and O'Connor 2015, "Posterior calibration and exploratory analysis for NLP models",
    section 3).
    """
    order = np.argsort(confidence, kind="stable")
    gaps = [
        abs(float(np.sum(correct[part]) - np.sum(confidence[part])))
        for part in np.array_split(order, bins)
    ]
    return sum(gaps) / confidence.size
