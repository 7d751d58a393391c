"""How figures look on a terminal."""

from collections.abc import Mapping
from typing import Any


def metrics_line(figures: Mapping[str, Any]) -> str:
    """One line: accuracy, F1, ROC AUC, calibration error, number of reviews."""
    return (
        f"accuracy {figures['accuracy']:.2%}   F1 {figures['f1']:.2%}   "
        f"ROC AUC {figures['roc_auc']:.4f}   "
        f"calibration error {figures['calibration_error']:.2%}   ({figures['reviews']:,} reviews)"
    )


def confusion_table(figures: Mapping[str, Any]) -> str:
    """The confusion matrix with its margins named."""
    (tn, fp), (fn, tp) = figures["confusion"]
    return (
        f"{'':>16}{'said negative':>15}{'said positive':>15}\n"
        f"{'is negative':>16}{tn:>15,}{fp:>15,}\n"
        f"{'is positive':>16}{fn:>15,}{tp:>15,}"
    )
