"""How far the reviews in files are from those that a model was trained on."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.artifacts.manifest import Manifest
from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import Tell, ignore, look_at, read_chunks
from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.quality.drift import FEWEST_TEXTS, STABLE, drift
from pipeline.quality.profile_counts import Counts, add_counts, count_texts, shares

CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class FileDrift:
    """The number of texts, the population stability index of each feature, and what was counted.

    `remedies`: commands that fit the model to such texts, where they have changed.
    """

    texts: int
    indexes: dict[str, float]
    counts: Counts = field(repr=False)
    remedies: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """All but what was counted, for JSON."""
        return {"texts": self.texts, "indexes": self.indexes, "remedies": self.remedies}


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
    found = FileDrift(counts["texts"], indexes, counts)
    if found.texts < FEWEST_TEXTS or max(indexes.values()) < STABLE:
        return found
    return replace(found, remedies=remedies(handler.artifact.manifest, sources))


def remedies(manifest: Manifest, sources: Sequence[Source]) -> list[str]:
    """Shell commands that fit a model to the texts of these sources.

    LABELLED stands for a file of such texts with labels.
    """
    if manifest.slot == "fast":
        files = " ".join(f"--unlabelled {shlex.quote(source.path)}" for source in sources)
        return [f"sentiment train {files}"]
    for part, command, reviews in (
        ("hub", "sentiment pull", "--reviews"),
        ("base", "sentiment train --deep --base", "--data"),
    ):
        if made_from := manifest.data.get(part):
            return [f"{command} {_model(made_from)} {reviews} LABELLED"]
    return []


def _model(made_from: Mapping[str, Any]) -> str:
    """A model of the hub as a command names it; DIR for a folder, whose place is not recorded."""
    repository, commit = made_from.get("repository"), made_from.get("commit")
    if commit is None:
        return "DIR"
    return shlex.join([str(repository), "--revision", str(commit)])
