"""The model of a run: either kind, behind one interface."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import parameters_in
from pipeline.models.blending import load_deep
from pipeline.models.linear import LinearModel


class Model(Protocol):
    """Answers cleaned texts."""

    def probabilities(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""

    def coverage(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Share of each text that the model knows, shape (n,)."""


def load_model(slot: str, files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Model:
    """The model that these files and settings are; raises ArtifactRefused where they do not fit."""
    if slot == "fast":
        return LinearModel.from_parts(parameters_in(files), dict(settings))
    return load_deep(files, settings)
