"""How far the reviews in files are from those that a model was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import Tell, ignore, look_at, read_chunks
from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.quality.drift import drift
from pipeline.quality.profile_counts import Counts, add_counts, count_texts, shares

CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class FileDrift:
    """The number of texts, the population stability index of each feature, and what was counted."""

    texts: int
    indexes: dict[str, float]
    counts: Counts = field(repr=False)

    def record(self) -> dict[str, Any]:
        """The number and the indexes, for JSON."""
        return {"texts": self.texts, "indexes": self.indexes}


def measure_drift(
    handler: Handler, sources: Sequence[Source], settings: ReadSettings, tell: Tell = ignore
) -> FileDrift:
    """Compare the reviews of all sources with the artifact's reference profile.

    Raises InvalidInput for a row that cannot be read, for files without reviews, and for an
    artifact without a profile.
    """
    if not handler.artifact.manifest.profile:
        raise InvalidInput(
            f"{handler.name} has no profile to compare with: it was sealed without reviews. "
            "Pull it again with `sentiment pull --reviews FILE`."
        )
    counts: Counts | None = None
    inputs = look_at(sources, settings, tell)
    for chunk in read_chunks(inputs, BEGINNING, CHUNK_BYTES, tell):
        parsed = parse_chunk(chunk)
        if parsed.rejects:
            raise InvalidInput(f"{str(parsed.rejects[0]).rstrip('.')}. Fix that row.")
        if parsed.texts:
            cleaned = handler.preprocess(parsed.texts)
            answers = handler.inference(cleaned)
            counts = add_counts(counts, count_texts(cleaned, answers[:, 1]))
    if counts is None:
        raise InvalidInput("There are no reviews in the files.")
    indexes = drift(handler.artifact.manifest.profile, shares(counts))
    return FileDrift(counts["texts"], indexes, counts)
