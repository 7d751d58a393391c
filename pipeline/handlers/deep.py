"""The deep handler: a fine-tuned transformer, or a blend of one with n-grams."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import Artifact
from pipeline.handlers.base import Handler
from pipeline.models.blending import DeepModel, load_deep


class TransformerHandler(Handler):
    """The handler of the slot `deep`."""

    slot = "deep"
    is_tried_first = True
    model: DeepModel

    def load_model(self, artifact: Artifact) -> None:
        """Build the model from the artifact's files; the replay of the golden set warms it up."""
        self.model = load_deep(artifact.files, artifact.manifest.settings, self.hardware)

    def inference(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""
        return self.model.probabilities(cleaned)
