"""How figures look on a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipeline.workflows.evaluating import Evaluated


def metrics_line(figures: Mapping[str, Any]) -> str:
    """One line: accuracy, F1, ROC AUC, calibration error, number of reviews."""
    return (
        f"accuracy {figures['accuracy']:.2%}   F1 {figures['f1']:.2%}   "
        f"ROC AUC {figures['roc_auc']:.4f}   "
        f"calibration error {figures['calibration_error']:.2%}   ({figures['reviews']:,} reviews)"
    )


def confusion_table(figures: Mapping[str, Any]) -> str:
    """The confusion matrix, its rows and columns named."""
    (tn, fp), (fn, tp) = figures["confusion"]
    return (
        f"{'':>16}{'said negative':>15}{'said positive':>15}\n"
        f"{'is negative':>16}{tn:>15,}{fp:>15,}\n"
        f"{'is positive':>16}{fn:>15,}{tp:>15,}"
    )


def coverage_table(labels: "NDArray[np.intp]", positive: "NDArray[np.float64]") -> str:
    """What `--unsure-below` would leave, and how right that is, by threshold; shape (n,) each."""
    from pipeline.quality.coverage import WANTED, coverage_at, coverages

    found = coverages(labels, positive)
    lines = [f"{'unsure below':>16}{'answered':>15}{'of them right':>15}"]
    lines += [f"{one.threshold:>16.2f}{one.share:>15.2%}{one.accuracy:>15.2%}" for one in found]
    best = coverage_at(labels, positive, WANTED)
    if best is None:
        return "\n".join([*lines, f"No threshold leaves answers of which {WANTED:.0%} are right."])
    named = f"{WANTED:.0%} are right of the answers with a confidence of {best.threshold:.4f}"
    return "\n".join([*lines, f"{named} or more: {best.share:.2%} of all."])


def robustness_table(evaluated: "Evaluated") -> str:
    """One line per way in which the reviews were changed: accuracy, difference, other labels."""
    from pipeline.reports.words.evaluation import WORDS

    words = WORDS["en"]
    head = f"{'changed':>10}{'accuracy':>11}{'points':>9}{'other label':>14}"
    lines = [f"{evaluated.name + ', with':<36}{head}"]
    lines += [
        f"{_padded(words[one.change], 36)}{one.changed:>10.1%}{one.accuracy:>11.2%}"
        f"{100 * one.difference:>+9.2f}{one.flips:>14.2%}"
        for one in evaluated.robustness
    ]
    return "\n".join(lines)


def _padded(text: str, width: int) -> str:
    """The text with spaces to this width on a terminal, where Hangul takes two columns a letter."""
    wide = sum(east_asian_width(letter) in "WF" for letter in text)
    return text + " " * (width - len(text) - wide)


def comparison_table(evaluated: "Sequence[Evaluated]") -> str:
    """One line per model: accuracy, F1, calibration error, reviews/s."""
    width = max(len(item.name) for item in evaluated)
    head = f"{'accuracy':>10}{'F1':>10}{'calibration error':>20}{'reviews/s':>12}"
    lines = [f"{'model':<{width}}{head}"]
    lines += [
        f"{item.name:<{width}}{item.metrics.accuracy:>10.2%}{item.metrics.f1:>10.2%}"
        f"{item.metrics.calibration_error:>20.2%}{item.reviews_per_second:>12,.0f}"
        for item in evaluated
    ]
    return "\n".join(lines)
