"""Which handler serves which slot, and how one is loaded."""

from pathlib import Path

from pipeline.artifacts import current_artifact, load_artifact
from pipeline.errors import ArtifactRefused
from pipeline.handlers.base import Handler
from pipeline.handlers.linear import LinearHandler

HANDLERS: dict[str, type[Handler]] = {"fast": LinearHandler}


def load_current(root: Path, slot: str) -> Handler:
    """Initialized handler of a slot's current artifact; raises ModelMissing or ArtifactRefused."""
    return _initialized(slot, current_artifact(root, slot))


def load_folder(folder: Path) -> Handler:
    """Initialized handler of the artifact in this folder: every check passed, golden set replayed.

    Raises ModelMissing or ArtifactRefused.
    """
    slot = load_artifact(folder).manifest.slot
    if slot not in HANDLERS:
        raise ArtifactRefused(
            f"{folder} is for the slot {slot!r}, which this version does not serve."
        )
    return _initialized(slot, folder)


def _initialized(slot: str, folder: Path) -> Handler:
    handler = HANDLERS[slot](folder)
    handler.initialize()
    return handler
