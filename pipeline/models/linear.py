"""The fast model's arithmetic: it sums integer weights, looked up in a table, for each review.

Weights are int8 and summed as integers, so a review's sum is exact: the same alone, in any batch,
under any numpy and on any processor. One division, one multiplication and one addition turn the sum
into the logit.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactRefused
from pipeline.models.feature_settings import FeatureSettings
from pipeline.models.features import Batch, featurize
from pipeline.models.hardware import CPU

BATCH_SIZE = 1024
"""Reviews scored at a time: enough that a table in use stays in the processor's cache."""

LARGEST_WEIGHT = 127
LARGEST_FACTOR = 1e100
"""Scale, intercept and tail must stay below it, so that no logit overflows."""

SMALLEST_TAIL = 0.01


@dataclass(frozen=True)
class LinearModel:
    """logit = scale × (sum of the weights of all n-grams) / √length + intercept.

    The calibrated log-odds are tail × arsinh(logit ÷ tail), which is the logit near 0 and grows
    ever more slowly beyond ±tail. A straight line (Platt scaling) would be overconfident there,
    since some labels of reviews are wrong however clear the words are.

    `weights`: int8, shape (buckets,), 0 for the bucket "nothing". The length is the number of the
    review's characters plus one for its boundary.
    """

    device: ClassVar[str] = CPU

    weights: NDArray[np.int8] = field(repr=False)
    scale: float
    intercept: float
    tail: float
    features: FeatureSettings

    @classmethod
    def from_parts(cls, parameters: object, settings: dict[str, Any]) -> Self:
        """Rebuild a model; raises ArtifactRefused where parameters and settings do not fit."""
        try:
            features = FeatureSettings.from_record(settings["features"])
            model = cls(**parameters, features=features)  # type: ignore[arg-type]
            fits = model.weights.shape == (features.bucket_count,)
            fits = fits and model.weights.dtype == np.int8
            fits = fits and not model.weights[features.nothing]
            fits = fits and all(map(_is_moderate, (model.scale, model.intercept, model.tail)))
            fits = fits and model.tail >= SMALLEST_TAIL
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            fits = False
        if not fits:
            raise ArtifactRefused("The model's parameters do not fit its settings. Train it again.")
        return model

    def parameters(self) -> dict[str, object]:
        """The fitted numbers as plain types, for joblib."""
        return {
            "weights": self.weights,
            "scale": self.scale,
            "intercept": self.intercept,
            "tail": self.tail,
        }

    def settings(self) -> dict[str, Any]:
        """The settings as plain types, for JSON."""
        return {"features": asdict(self.features)}

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Logits of cleaned texts, shape (n,): the n-grams' contributions plus the intercept."""
        return _batched(self._batch_logits, texts)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive) for cleaned texts, shape (n, 2)."""
        return logistic(log_odds(self.logits(texts), self.tail))

    def coverage(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's n-grams that have a weight, 0–1, shape (n,)."""
        return _batched(self._batch_coverage, texts)

    def _batch_logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        sums = _sums(self.weights, featurize(texts, self.features))
        return self.scale * (sums / root_lengths(texts)) + self.intercept

    def _batch_coverage(self, texts: Sequence[str]) -> NDArray[np.float64]:
        batch = featurize(texts, self.features)
        is_known = (self.weights != 0).view(np.int8)
        is_something = np.ones_like(is_known)
        is_something[self.features.nothing] = 0
        return _sums(is_known, batch) / _sums(is_something, batch)


def _is_moderate(number: object) -> bool:
    """Whether it is a float of an allowed size; NaN is not."""
    return type(number) is float and abs(number) < LARGEST_FACTOR


def _batched(
    score: Callable[[Sequence[str]], NDArray[Any]], texts: Sequence[str]
) -> NDArray[np.float64]:
    parts = [score(texts[start : start + BATCH_SIZE]) for start in range(0, len(texts), BATCH_SIZE)]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0)


def _sums(table: NDArray[np.int8], batch: Batch) -> NDArray[np.int64]:
    """Sum of the table's entries over all n-grams of each text, exact; shape (n,)."""
    # At most eight orders of 8-bit weights add up at a position, which 16 bits can hold.
    values = np.zeros(batch.ends.item(-1), dtype=np.int16)
    for first, buckets in batch.buckets():
        # mode="wrap" saves the check that each bucket is within the table, which it is.
        values[: buckets.size] += table[first:].take(buckets, mode="wrap")
    return batch.sums(values)


def root_lengths(texts: Sequence[str]) -> NDArray[np.float64]:
    """√length of cleaned texts, shape (n,); the length counts characters and one boundary."""
    return np.sqrt(np.fromiter(map(len, texts), np.float64, len(texts)) + 1.0)


def log_odds(logits: NDArray[np.float64], tail: float) -> NDArray[np.float64]:
    """Calibrated log-odds of logits, shape (n,), as `LinearModel` defines them."""
    return tail * np.arcsinh(logits / tail)


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of (negative, positive), shape (n, 2), from log-odds of shape (n,)."""
    probabilities = np.empty((logits.size, 2))
    negative, positive = probabilities.T
    # 1 / (1 + exp(-x)), written so that nothing overflows.
    np.tanh(0.5 * logits, out=positive)
    positive += 1.0
    positive *= 0.5
    np.subtract(1.0, positive, out=negative)
    return probabilities


def quantize(weights: NDArray[np.floating]) -> tuple[NDArray[np.int8], float]:
    """Return (weights as multiples of a step, int8; the size of the step)."""
    largest = float(np.abs(weights).max(initial=0.0))
    scale = largest / LARGEST_WEIGHT or 1.0
    return np.rint(weights / scale).astype(np.int8), scale
