"""Building the model of a run or an artifact, by its slot."""

from collections.abc import Mapping
from typing import Any

from pipeline.artifacts.verification import parameters_in
from pipeline.models.base import Model
from pipeline.models.blending import load_deep
from pipeline.models.hardware import ALL, Hardware
from pipeline.models.linear import LinearModel


def load_model(
    slot: str, files: Mapping[str, bytes], settings: Mapping[str, Any], hardware: Hardware = ALL
) -> Model:
    """The model of these files and settings; raises ArtifactRefused where they do not fit."""
    if slot == "fast":
        return LinearModel.from_parts(parameters_in(files), dict(settings))
    return load_deep(files, settings, hardware)
