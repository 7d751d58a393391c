"""Answers that are held back where the model is not sure enough: they are labelled `unsure`.

Selective classification, after El-Yaniv and Wiener 2010, "On the Foundations of Noise-free
Selective Classification", JMLR 11.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactRefused
from pipeline.handlers.prediction import Prediction
from pipeline.labels import UNSURE

NEVER = 0.5
"""The threshold below which no confidence lies, so that no answer is held back."""
SETTING = "unsure_below"
"""Name of the threshold among the settings of a manifest."""


class Held(NamedTuple):
    """A prediction whose label may be `unsure`; `likelier_label` is the model's in any case."""

    text: str
    label: str
    confidence: float
    likelier_label: str


def hold_back(predictions: Sequence[Prediction], below: float) -> Sequence[Prediction | Held]:
    """The predictions, those with a confidence under `below` labelled `unsure`.

    They are as they were where none can be.
    """
    if below <= NEVER:
        return predictions
    return [
        Held(text, UNSURE if confidence < below else label, confidence, label)
        for text, label, confidence in predictions
    ]


def held_labels(
    labels: NDArray[np.object_], confidences: NDArray[np.float64], below: float
) -> NDArray[np.object_]:
    """The labels, shape (n,), with `unsure` where the confidence is under `below`."""
    return np.where(confidences < below, np.array(UNSURE, dtype=object), labels)


def sealed_threshold(settings: Mapping[str, Any]) -> float:
    """The threshold that an artifact was sealed with; NEVER without. Raises ArtifactRefused."""
    threshold = settings.get(SETTING, NEVER)
    if type(threshold) is not float or not NEVER <= threshold <= 1.0:
        raise ArtifactRefused(f"Its setting {SETTING} is damaged. Serialize the run again.")
    return threshold
