"""The handler of each slot, and loading one."""

from pathlib import Path

from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.pointer import artifact_in_use
from pipeline.artifacts.verification import ANY, Trust, load_artifact, read_manifest
from pipeline.errors import ArtifactRefused, SentimentError
from pipeline.handlers.base import Handler
from pipeline.handlers.deep import TransformerHandler
from pipeline.handlers.fast import LinearHandler
from pipeline.models.hardware import ALL, Hardware

HANDLERS: dict[str, type[Handler]] = {"fast": LinearHandler, "deep": TransformerHandler}


def load_current(root: Path, slot: str, trust: Trust = ANY, hardware: Hardware = ALL) -> Handler:
    """An initialized handler of a slot's current artifact, or of the built-in one if it has none.

    Raises ModelMissing or ArtifactRefused.
    """
    handler = HANDLERS[slot](artifact_in_use(root, slot, trust), trust, hardware)
    handler.initialize()
    return handler


def check_folder(folder: Path, trust: Trust = ANY) -> tuple[Manifest, str]:
    """Verify the artifact in this folder and replay its golden set; return manifest and digest.

    A deep one is loaded in a child process only (`trial`). Raises ModelMissing or ArtifactRefused.
    """
    if _is_tried_first(folder):
        from pipeline.handlers.trial import try_artifact  # not needed to answer

        return try_artifact(folder, trust)
    artifact = load_folder(folder, trust).artifact
    return artifact.manifest, artifact.digest


def _is_tried_first(folder: Path) -> bool:
    """Whether its slot wants that; what cannot be read is told by whoever loads it."""
    try:
        slot = read_manifest(folder)[0].slot
    except SentimentError:
        return False
    return slot in HANDLERS and HANDLERS[slot].is_tried_first


def load_folder(folder: Path, trust: Trust = ANY, hardware: Hardware = ALL) -> Handler:
    """An initialized handler of the artifact in this folder, verified, its golden set replayed.

    Raises ModelMissing or ArtifactRefused.
    """
    artifact = load_artifact(folder, trust=trust)
    slot = artifact.manifest.slot
    if slot not in HANDLERS:
        raise ArtifactRefused(
            f"{folder} is for the slot {slot!r}, which this version does not serve."
        )
    handler = HANDLERS[slot](folder, trust, hardware)
    handler.use(artifact)
    return handler
