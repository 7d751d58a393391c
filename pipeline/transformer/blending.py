"""The deep model with n-grams beside it: the two err on different reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import parameters_in
from pipeline.errors import ArtifactRefused
from pipeline.linear import LARGEST_FACTOR, SMALLEST_TAIL, LinearModel, log_odds, logistic
from pipeline.transformer.model import TransformerModel


@dataclass(frozen=True)
class Blend:
    """How much each part counts; kept in the manifest.

    The calibrated log-odds are tail × arsinh((transformer × its logit + ngrams × their logit +
    offset) ÷ tail).
    """

    transformer: float
    ngrams: float
    offset: float
    tail: float

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Rebuild from JSON; raises ArtifactRefused for anything that `to_record` did not write."""
        try:
            blend = cls(**record["blend"])
            numbers = asdict(blend).values()
            fits = all(type(x) is float and abs(x) < LARGEST_FACTOR for x in numbers)
            fits = fits and min(blend.transformer, blend.ngrams) > 0 and blend.tail >= SMALLEST_TAIL
        except (KeyError, TypeError):
            fits = False
        if not fits:
            raise ArtifactRefused("The deep model's blend is damaged. Train it again.")
        return blend

    def to_record(self) -> dict[str, Any]:
        """The numbers as plain types, for JSON."""
        return {"blend": asdict(self)}


@dataclass(frozen=True)
class BlendedModel:
    """A transformer and a model of n-grams, with the interface of either."""

    transformer: TransformerModel
    ngrams: LinearModel
    blend: Blend

    def probabilities(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive) for cleaned texts, shape (n, 2)."""
        straight = self.blend.transformer * self.transformer.logits(cleaned)
        straight += self.blend.ngrams * self.ngrams.logits(cleaned) + self.blend.offset
        return logistic(log_odds(straight, self.blend.tail))

    def coverage(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's tokens that are known, shape (n,)."""
        return self.transformer.coverage(cleaned)

    def to_record(self) -> dict[str, Any]:
        """The settings of both parts and of the blend as plain types, for JSON."""
        parts = {**self.transformer.to_record(), **self.ngrams.settings()}
        return {**parts, **self.blend.to_record()}


DeepModel = TransformerModel | BlendedModel


def load_deep(
    files: Mapping[str, bytes], record: Mapping[str, Any], threads: int | None = None
) -> DeepModel:
    """The deep model of a run or an artifact, blended where its settings say so.

    Raises ArtifactRefused where its files and settings do not fit. `threads`: see
    `TransformerModel.from_files`.
    """
    transformer = TransformerModel.from_files(files, record, threads)
    if "blend" not in record:
        return transformer
    blend = Blend.from_record(record)
    return BlendedModel(
        transformer, LinearModel.from_parts(parameters_in(files), dict(record)), blend
    )
