"""How far the reviews of a file are from those a model was trained on."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from pipeline.batch.readers import Source
from pipeline.errors import InvalidInput
from pipeline.handlers.base import Handler
from pipeline.monitor import drift, text_profile

_TEXTS_AT_A_TIME = 8192


@dataclass(frozen=True)
class FileDrift:
    """Texts looked at, and the population stability index of each feature."""

    texts: int
    indexes: dict[str, float]


def measure_drift(handler: Handler, sources: Iterable[Source]) -> FileDrift:
    """Compare the reviews of all sources with the artifact's reference profile.

    All cleaned texts are held in memory. Raises InvalidInput for a row that cannot be read, or
    where there are no reviews.
    """
    cleaned: list[str] = []
    scores = [np.empty(0)]
    for source in sources:
        rows = source.rows()
        while texts := [text for _, text in islice(rows, _TEXTS_AT_A_TIME)]:
            part = handler.preprocess(texts)
            scores.append(handler.inference(part)[:, 1])
            cleaned += part
    if not cleaned:
        raise InvalidInput("There are no reviews in it.")
    profile = text_profile(cleaned, np.concatenate(scores))
    return FileDrift(len(cleaned), drift(handler.artifact.manifest.profile, profile))
