"""How far the reviews of a file are from those a model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.batch import parquet
from pipeline.batch.chunks import Position
from pipeline.batch.layouts import ReadSettings
from pipeline.batch.parsing import parse
from pipeline.batch.reading import read_chunks
from pipeline.batch.sources import Source
from pipeline.errors import InvalidInput
from pipeline.handlers.base import Handler
from pipeline.monitor import drift, text_profile

CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class FileDrift:
    """Texts looked at, and the population stability index of each feature."""

    texts: int
    indexes: dict[str, float]


def measure_drift(handler: Handler, sources: Sequence[Source], settings: ReadSettings) -> FileDrift:
    """Compare the reviews of all sources with the artifact's reference profile.

    All cleaned texts are held in memory. Raises InvalidInput for a row that cannot be read, or
    where there are no reviews.
    """
    cleaned: list[str] = []
    scores = [np.empty(0)]
    for chunk in read_chunks(sources, settings, Position(0), CHUNK_BYTES):
        is_parquet = chunk.layout.format == "parquet"
        texts, _, rejects = parquet.parse(chunk) if is_parquet else parse(chunk)
        if rejects:
            raise InvalidInput(f"{rejects[0]}. Mend that line.")
        part = handler.preprocess(texts)
        if part:
            scores.append(handler.inference(part)[:, 1])
            cleaned += part
    if not cleaned:
        raise InvalidInput("There are no reviews in it.")
    profile = text_profile(cleaned, np.concatenate(scores))
    return FileDrift(len(cleaned), drift(handler.artifact.manifest.profile, profile))
