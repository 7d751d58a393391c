"""A blend of the transformer with n-grams: the two err on different reviews.

Where the n-grams are so sure that the transformer would hardly change the label, it is not asked.
This is a cascade (Viola and Jones 2001, "Rapid object detection using a boosted cascade of simple
features").
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import pack_parameters, parameters_in
from pipeline.errors import ArtifactRefused
from pipeline.models.hardware import ALL, Hardware
from pipeline.models.linear import LARGEST_FACTOR, SMALLEST_TAIL, LinearModel, log_odds, logistic
from pipeline.models.transformer.model import TransformerModel

NEVER = 1e9
"""A threshold that no log-odds reach, so that the n-grams never answer alone."""


@dataclass(frozen=True)
class Blend:
    """How much each part counts; kept in the manifest.

    The calibrated log-odds are tail × arsinh((transformer × its logit + ngrams × their logit +
    offset) ÷ tail). Where the n-grams' own calibrated log-odds are `threshold` or further from 0,
    those are used instead.
    """

    transformer: float
    ngrams: float
    offset: float
    tail: float
    threshold: float = NEVER

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Rebuild from JSON; raises ArtifactRefused for anything that `to_record` did not write."""
        try:
            blend = cls(**record["blend"])
            numbers = asdict(blend).values()
            fits = all(type(x) is float and abs(x) < LARGEST_FACTOR for x in numbers)
            fits = fits and min(blend.transformer, blend.ngrams, blend.threshold) > 0
            fits = fits and blend.tail >= SMALLEST_TAIL
        except (KeyError, TypeError):
            fits = False
        if not fits:
            raise ArtifactRefused("The deep model's blend is damaged. Train it again.")
        return blend

    def to_record(self) -> dict[str, Any]:
        """The numbers as plain types, for JSON."""
        return {"blend": asdict(self)}

    def log_odds(
        self, transformer: NDArray[np.float64], ngrams: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Calibrated log-odds of the blend, shape (n,), from both parts' logits, (n,) each."""
        straight = self.transformer * transformer + self.ngrams * ngrams + self.offset
        return log_odds(straight, self.tail)


@dataclass(frozen=True)
class BlendedModel:
    """A transformer and a linear model of n-grams, with the interface of a `Model`."""

    transformer: TransformerModel
    ngrams: LinearModel
    blend: Blend

    @property
    def device(self) -> str:
        """The kind of device on which the transformer computes."""
        return self.transformer.device

    def probabilities(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive) for cleaned texts, shape (n, 2)."""
        ngrams = self.ngrams.logits(cleaned)
        found = log_odds(ngrams, self.ngrams.tail)
        unsure = np.flatnonzero(np.abs(found) < self.blend.threshold)
        if unsure.size:
            logits = self.transformer.logits([cleaned[row] for row in unsure.tolist()])
            found[unsure] = self.blend.log_odds(logits, ngrams[unsure])
        return logistic(found)

    def coverage(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Share of each text's tokens that the transformer knows, shape (n,)."""
        return self.transformer.coverage(cleaned)

    def to_record(self) -> dict[str, Any]:
        """The settings of both parts and of the blend as plain types, for JSON."""
        parts = {**self.transformer.to_record(), **self.ngrams.settings()}
        return {**parts, **self.blend.to_record()}


DeepModel = TransformerModel | BlendedModel


def ngram_files(model: DeepModel) -> dict[str, bytes]:
    """The file that holds a blend's n-grams; none of a transformer alone."""
    return pack_parameters(model.ngrams.parameters()) if isinstance(model, BlendedModel) else {}


def load_deep(
    files: Mapping[str, bytes], record: Mapping[str, Any], hardware: Hardware = ALL
) -> DeepModel:
    """The deep model of a run or an artifact, blended where its settings say so.

    Raises ArtifactRefused where its files and settings do not fit.
    """
    transformer = TransformerModel.from_files(files, record, hardware)
    if "blend" not in record:
        return transformer
    blend = Blend.from_record(record)
    return BlendedModel(
        transformer, LinearModel.from_parts(parameters_in(files), dict(record)), blend
    )
