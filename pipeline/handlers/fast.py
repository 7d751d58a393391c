"""The fast handler: hashed n-grams and a table of weights; it needs no scikit-learn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import Artifact
from pipeline.handlers.base import Handler
from pipeline.models.feature_settings import SYLLABLE
from pipeline.models.linear import LinearModel
from pipeline.text.analyzer_packages import check_versions


class LinearHandler(Handler):
    """The handler of the slot `fast`."""

    slot = "fast"
    model: LinearModel

    @classmethod
    def survives_fork(cls, settings: Mapping[str, Any]) -> bool:
        """Arrays do; analyzers have locks, and those in Java a process that may take 1.5 GB."""
        features = settings.get("features")
        return isinstance(features, dict) and features.get("tokenizer") == SYLLABLE

    def load_model(self, artifact: Artifact) -> None:
        """Build the linear model from the artifact's arrays and settings.

        Raises ArtifactRefused where another version of its analyzer is installed.
        """
        self.model = LinearModel.from_parts(artifact.parameters(), artifact.manifest.settings)
        if self.model.features.tokenizer != SYLLABLE:
            check_versions(self.model.features.tokenizer, artifact.manifest.versions)

    def inference(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""
        return self.model.probabilities(cleaned)
