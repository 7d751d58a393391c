"""What is in a store of artifacts."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.artifacts import builtin
from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.pointer import DIGEST, HOW_TO_GET, artifact_in_use, read_current
from pipeline.artifacts.verification import read_manifest
from pipeline.errors import ArtifactRefused


@dataclass(frozen=True)
class Stored:
    """An artifact in the store; `manifest` is None where it cannot be read."""

    folder: Path
    is_current: bool
    manifest: Manifest | None

    @property
    def name(self) -> str:
        """Slot and the first 12 digits of the digest."""
        return f"{self.folder.parent.name}@{self.folder.name[:12]}"

    @property
    def age(self) -> str:
        """The key to sort by age: the time of training; "" where unreadable, which comes first."""
        return self.manifest.created_at if self.manifest else ""


def list_artifacts(root: Path) -> list[Stored]:
    """All artifacts under `root`, slot by slot, oldest first.

    None is marked as current in a slot whose current.json is damaged, and none is shown of a slot
    that cannot be listed: see `damaged_slots`.
    """
    return [stored for slot in slots_in(root) if _can_list(slot) for stored in list_slot(slot)]


def list_builtin(root: Path) -> list[Stored]:
    """The built-in model, marked as current where it is used instead of one under `root`."""
    try:
        is_used = artifact_in_use(root, builtin.SLOT) == builtin.FOLDER
    except ArtifactRefused:
        is_used = False
    return [replace(stored, is_current=is_used) for stored in list_artifacts(builtin.ROOT)]


def folders_called(root: Path, beginning: str) -> list[Path]:
    """Folders of the artifacts whose digest begins like this, the built-in one among them."""
    stored = (*list_builtin(root), *list_artifacts(root))
    by_digest = {one.folder.name: one.folder for one in stored}
    return [folder for digest, folder in by_digest.items() if digest.startswith(beginning)]


def damaged_slots(root: Path) -> dict[str, str]:
    """Slots that cannot be listed or whose current.json is damaged, and how to repair each."""
    damaged = {}
    for slot in (root / name for name in sorted(HOW_TO_GET)):
        try:
            read_current(slot)
        except ArtifactRefused as error:
            damaged[slot.name] = str(error)
        else:
            if slot.is_dir() and not _can_list(slot):
                damaged[slot.name] = f"{slot} cannot be listed. Give this account access to it."
    return damaged


def _can_list(slot: Path) -> bool:
    return os.access(slot, os.R_OK | os.X_OK)


def slots_in(root: Path) -> list[Path]:
    """Folders of the slots that the store has."""
    return [root / slot for slot in sorted(HOW_TO_GET) if (root / slot).is_dir()]


def list_slot(slot: Path) -> list[Stored]:
    """The artifacts in a slot's folder, oldest first."""
    try:
        current = read_current(slot).get("digest")
    except ArtifactRefused:
        current = None
    folders = [path for path in slot.iterdir() if DIGEST.fullmatch(path.name)]
    stored = [Stored(path, path.name == current, _peek(path)) for path in folders]
    return sorted(stored, key=lambda item: (item.age, item.folder.name))


def _peek(folder: Path) -> Manifest | None:
    try:
        manifest, digest = read_manifest(folder)
    except ArtifactRefused:
        return None
    return manifest if digest == folder.name else None
