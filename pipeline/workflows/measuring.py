"""Calibrating and measuring a pulled classifier on labelled reviews."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InvalidInput
from pipeline.models.blending import BlendedModel, DeepModel
from pipeline.models.linear import logistic
from pipeline.models.transformer.model import TransformerModel
from pipeline.quality.metrics import Metrics, measure
from pipeline.quality.profile import reference_profile
from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import clean_all

ROWS = 4000
"""Most labelled reviews used: one half calibrates, the other measures and compares."""

DEVIATIONS = 2.0
"""How far from chance a ROC AUC has to be to count, in its standard deviations under chance."""

NONE = Reviews([], [], "")


@dataclass(frozen=True)
class Measured:
    """A classifier and, where there are reviews, its figures and profile.

    It was calibrated on the reviews `calibrating` and measured on the others, `reviews`. `blend`:
    the classifier with n-grams; `data`: what these were made from.
    """

    transformer: TransformerModel
    metrics: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    calibrating: Reviews = NONE
    reviews: Reviews = NONE
    blend: BlendedModel | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> DeepModel:
        """What is to be sealed."""
        return self.blend or self.transformer


def calibrate_and_measure(model: TransformerModel, reviews: Reviews) -> Measured:
    """Calibrate on one half of the reviews, measure on the other.

    Raises InvalidInput where a half has one label only, or where the model does no better than
    chance.
    """
    from pipeline.training.calibration import fit_calibration  # scipy takes a second
    from pipeline.training.stacking import RememberingTransformer

    rows = np.random.default_rng(0).permutation(len(reviews))[:ROWS]
    half = rows.size // 2
    calibrating, measuring = reviews.take(rows[:half]), reviews.take(rows[half:])
    if any(len(set(part.labels)) < 2 for part in (calibrating, measuring)):
        raise InvalidInput(
            f"The {len(reviews)} reviews are too few, or all of one label: both labels have to be "
            "in the half that calibrates and in the half that measures. Give more --reviews."
        )
    model = RememberingTransformer(model.settings, model.encoder, model.engine)
    logits, labels = model.logits(clean_all(calibrating.texts)), np.array(calibrating.labels)
    _check_better_than_chance(logits, labels, model.settings.positive)
    found = fit_calibration(logits, labels)
    model = model.calibrated(found.slope, found.offset, found.tail)
    cleaned = clean_all(measuring.texts)
    positive = model.probabilities(cleaned)[:, 1]
    return Measured(
        model,
        {"held_out": asdict(measure(np.array(measuring.labels), positive))},
        reference_profile(cleaned, positive, model.coverage(cleaned)),
        calibrating,
        measuring,
    )


def _check_better_than_chance(
    logits: NDArray[np.float64], labels: NDArray[np.intp], positive: int
) -> None:
    """InvalidInput unless the logits rise with the labels more than chance explains.

    By ROC AUC rather than by accuracy, which says little where most reviews have one label.
    """
    figures = measure(labels, logistic(logits)[:, 1])
    chance = DEVIATIONS * _deviation(labels)
    if figures.roc_auc < 0.5 - chance:
        turned = "positive,negative" if positive == 1 else "negative,positive"
        raise InvalidInput(
            f"The model is {_right(figures)}, worse than chance: its labels are reversed, or those "
            f"of the reviews. Give --labels {turned}."
        )
    if figures.roc_auc <= 0.5 + chance:
        raise InvalidInput(
            f"The model is {_right(figures)}, no better than chance. Is it a model of sentiment, "
            "and do the --reviews have the right labels?"
        )


def _right(figures: Metrics) -> str:
    return (
        f"right on {figures.accuracy:.0%} of {figures.reviews} reviews "
        f"(ROC AUC {figures.roc_auc:.2f})"
    )


def _deviation(labels: NDArray[np.intp]) -> float:
    """Standard deviation of the ROC AUC of a model that knows nothing (Mann and Whitney 1947)."""
    ones = int(labels.sum())
    return float(np.sqrt((labels.size + 1) / (12 * ones * (labels.size - ones))))
