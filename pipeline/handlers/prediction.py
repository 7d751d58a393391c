"""What a handler gives for a text."""

from typing import NamedTuple


class Prediction(NamedTuple):
    """A text as given, its label, and the calibrated probability of that label (0.5–1.0)."""

    text: str
    label: str
    confidence: float
