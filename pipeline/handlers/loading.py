"""The handler of each slot, and loading one."""

from pathlib import Path

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.verification import ANY, Trust, load_artifact
from pipeline.errors import ArtifactRefused
from pipeline.handlers.base import Handler
from pipeline.handlers.deep import TransformerHandler
from pipeline.handlers.fast import LinearHandler

HANDLERS: dict[str, type[Handler]] = {"fast": LinearHandler, "deep": TransformerHandler}


def load_current(root: Path, slot: str, trust: Trust = ANY, threads: int | None = None) -> Handler:
    """An initialized handler of a slot's current artifact; ModelMissing or ArtifactRefused."""
    folder = current_artifact(root, slot)
    handler = HANDLERS[slot](folder, trust, threads)
    handler.initialize()
    return handler


def load_folder(folder: Path, trust: Trust = ANY, threads: int | None = None) -> Handler:
    """An initialized handler of the artifact in this folder, verified, its golden set replayed.

    Raises ModelMissing or ArtifactRefused.
    """
    artifact = load_artifact(folder, trust=trust)
    slot = artifact.manifest.slot
    if slot not in HANDLERS:
        raise ArtifactRefused(
            f"{folder} is for the slot {slot!r}, which this version does not serve."
        )
    handler = HANDLERS[slot](folder, trust, threads)
    handler.use(artifact)
    return handler
