"""The fast model's arithmetic: a table of integer weights, gathered and summed per review.

Weights are int16 and summed as integers, so a review's sum is exact: the same alone, in any batch,
under any numpy and on any processor. One division, one multiplication and one addition make the
logit of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactRefused
from pipeline.features import FeatureSettings, ngram_blocks

BATCH_SIZE = 512
"""Reviews scored at a time: the arrays of a batch stay in the processor's second-level cache."""

LARGEST_WEIGHT = 32767
LARGEST_FACTOR = 1e100
"""Scale and intercept stay below it, so that no logit overflows."""


@dataclass(frozen=True)
class LinearModel:
    """logit = scale × (sum of the weights of all n-grams) / √length + intercept.

    `weights`: int16, shape (2^bits + 1,), the last one 0. Length counts the positions of the review
    in its batch: its characters and one boundary.
    """

    weights: NDArray[np.int16] = field(repr=False)
    scale: float
    intercept: float
    features: FeatureSettings

    @classmethod
    def from_parts(cls, parameters: object, settings: dict[str, Any]) -> Self:
        """Rebuild a model; raises ArtifactRefused where parameters and settings do not fit."""
        try:
            features = FeatureSettings.from_record(settings["features"])
            model = cls(**parameters, features=features)  # type: ignore[arg-type]
            fits = model.weights.shape == (features.bucket_count + 1,)
            fits = fits and model.weights.dtype == np.int16 and model.weights[-1] == 0
            fits = fits and all(map(_is_moderate, (model.scale, model.intercept)))
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            fits = False
        if not fits:
            raise ArtifactRefused("The model's parameters do not fit its settings. Train it again.")
        return model

    def parameters(self) -> dict[str, object]:
        """The fitted numbers as plain types, for joblib."""
        return {"weights": self.weights, "scale": self.scale, "intercept": self.intercept}

    def settings(self) -> dict[str, Any]:
        """The settings as plain types, for JSON."""
        return {"features": asdict(self.features)}

    def calibrated(self, slope: float, offset: float) -> Self:
        """The model whose logits are slope × these + offset."""
        return replace(self, scale=self.scale * slope, intercept=self.intercept * slope + offset)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log-odds of `positive` for cleaned texts, shape (n,)."""
        return _batched(self._batch_logits, texts)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive) for cleaned texts, shape (n, 2)."""
        return logistic(self.logits(texts))

    def coverage(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's n-grams that have a weight, shape (n,): how much of it is known."""
        known = _batched(lambda batch: _sums(self.weights != 0, batch, self.features), texts)
        everything = np.append(np.ones(self.features.bucket_count, dtype=np.int16), np.int16(0))
        total = _batched(lambda batch: _sums(everything, batch, self.features), texts)
        return known / np.maximum(total, 1)

    def _batch_logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        sums = _sums(self.weights, texts, self.features)
        return self.scale * (sums / root_lengths(texts)) + self.intercept


def _is_moderate(number: object) -> bool:
    """Whether it is a float of an allowed size; NaN is not."""
    return type(number) is float and abs(number) < LARGEST_FACTOR


def _batched(
    score: Callable[[Sequence[str]], NDArray[Any]], texts: Sequence[str]
) -> NDArray[np.float64]:
    parts = [score(texts[start : start + BATCH_SIZE]) for start in range(0, len(texts), BATCH_SIZE)]
    return np.concatenate(parts) if parts else np.empty(0)


def _sums(
    table: NDArray[Any], texts: Sequence[str], features: FeatureSettings
) -> NDArray[np.int64]:
    """Sum of the table's entries over all n-grams of each text, exact; shape (n,), n ≥ 1."""
    sums = np.zeros(len(texts), dtype=np.int64)
    for block in ngram_blocks(texts, features):
        # Sixteen orders of 16-bit weights at the most: 32 bits hold what adds up at a position.
        per_position = np.zeros(block.positions, dtype=np.int32)
        for buckets in block.buckets():
            per_position[: buckets.size] += table.take(buckets)
        sums += np.add.reduceat(per_position, block.starts, dtype=np.int64)
    return sums


def root_lengths(texts: Sequence[str]) -> NDArray[np.float64]:
    """√length of cleaned texts, shape (n,): of their characters and one boundary."""
    return np.sqrt([len(text) + 1 for text in texts])


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities (negative, positive) of log-odds of shape (n,); shape (n, 2), rows sum to 1."""
    likelier = 1.0 / (1.0 + np.exp(-np.abs(logits)))
    positive = np.where(logits > 0, likelier, 1.0 - likelier)
    return np.stack([1.0 - positive, positive], axis=1)


def quantize(weights: NDArray[np.floating]) -> tuple[NDArray[np.int16], float]:
    """Return (int16 weights with a 0 appended for "nothing", scale of one step)."""
    largest = float(np.abs(weights).max(initial=0.0))
    scale = largest / LARGEST_WEIGHT or 1.0
    steps = np.rint(weights / scale).astype(np.int16)
    return np.append(steps, np.int16(0)), scale
