"""Calibration on held-out rows, so that a confidence is the probability of being right.

This is Platt scaling (Platt 1999, "Probabilistic outputs for support vector machines") with one
more parameter: log-odds = tail × arsinh((slope × logit + offset) ÷ tail). With a large tail the
curve is Platt's straight line; a small tail flattens its ends, where NSMC's labels are wrong more
often than a straight line allows.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline.errors import InvalidInput
from pipeline.models.linear import LinearModel, log_odds
from pipeline.quality.metrics import log_loss

LARGEST_LOG_TAIL = 6.0
"""Largest log(tail) tried: with a larger one the curve is straight over all logits."""


@dataclass(frozen=True)
class Calibration:
    """log-odds = tail × arsinh((slope × logit + offset) ÷ tail)."""

    slope: float
    offset: float
    tail: float

    def applied_to(self, model: LinearModel) -> LinearModel:
        """The calibrated model. The offset moves the threshold between the labels."""
        return replace(
            model,
            scale=model.scale * self.slope,
            intercept=model.intercept * self.slope + self.offset,
            tail=self.tail,
        )


def fit_calibration(logits: NDArray[np.float64], labels: NDArray[np.intp]) -> Calibration:
    """The calibration of least log loss on held-out logits and labels (0 or 1), shape (n,) each.

    Raises InvalidInput for a single label, or where the logits do not rise with the labels.
    """
    if np.unique(labels).size < 2:
        raise InvalidInput("The held-out reviews have one label only. Train on more reviews.")
    if logits[labels == 1].mean() <= logits[labels == 0].mean():
        raise InvalidInput(
            "The model does no better than chance on held-out reviews. Are the labels right?"
        )
    spread = float(logits.std())

    def loss(parameters: NDArray[np.float64]) -> float:
        slope, offset, tail = _decode(parameters, spread)
        return log_loss(log_odds(slope * logits + offset, tail), labels)

    bounds = [(-10.0, 10.0), (-10.0, 10.0), (-1.0, LARGEST_LOG_TAIL)]
    found = minimize(loss, [1.0, 0.0, 1.0], method="L-BFGS-B", bounds=bounds)
    return Calibration(*_decode(found.x, spread))


def _decode(parameters: NDArray[np.float64], spread: float) -> tuple[float, float, float]:
    """(Slope, offset, tail). Slope and tail are positive, so their logarithms are searched."""
    log_slope, offset, log_tail = parameters.tolist()
    return math.exp(log_slope) / spread, offset, math.exp(log_tail)
