"""Changing which artifact is current, and cleaning up; both look and act under the slot's lock."""

from collections.abc import Callable
from pathlib import Path

from pipeline.artifacts.leases import unused
from pipeline.artifacts.listing import folders_called, list_slot, slots_in
from pipeline.artifacts.locking import TEMPORARY, locked
from pipeline.artifacts.pointer import HOW_TO_GET, artifact_in_use, make_current, read_current
from pipeline.durability import discard
from pipeline.errors import InvalidInput, ModelMissing

PREVIOUS = "previous"
KEPT = 5
"""Newest artifacts of a slot that `prune` never removes."""

Check = Callable[[Path], object]


def use_artifact(root: Path, digest: str, check: Check, slot: str | None = None) -> Path:
    """Make an artifact current, named by its digest, the beginning of it, or the word "previous".

    `slot`: look in this one only. Under the slot's lock, the artifact is loaded with `check` first.
    Returns its folder. Raises ModelMissing where there is no such artifact, InvalidInput where
    several are meant, ArtifactRefused where the previous one is asked of a damaged current.json,
    and what `check` raises.
    """
    chosen = find_stored(root, digest, slot).parent
    with locked(chosen):
        folder = _find(root, [chosen], digest)  # again: `prune` may have been first
        check(folder)
        make_current(chosen, folder.name)
    return folder


def find_stored(root: Path, digest: str, slot: str | None = None) -> Path:
    """Folder of the artifact that `use_artifact` means; raises what it says of finding it."""
    if not digest:
        raise InvalidInput("The digest is empty. `sentiment artifacts list` shows the digests.")
    return _find(root, [path for path in slots_in(root) if slot in (None, path.name)], digest)


def _find(root: Path, slots: list[Path], digest: str) -> Path:
    """The one artifact in these slots that is meant."""
    if digest == PREVIOUS:
        return _find_previous(root, slots)
    stored = [item.folder for slot in slots for item in list_slot(slot)]
    return _one([folder for folder in stored if folder.name.startswith(digest)], root, digest)


def _one(found: list[Path], root: Path, digest: str) -> Path:
    if not found:
        raise ModelMissing(f"No artifact {digest} in {root}. See `sentiment artifacts list`.")
    if len(found) > 1:
        raise InvalidInput(f"Several artifacts match {digest}. Give more of the digest.")
    return found[0]


def _find_previous(root: Path, slots: list[Path]) -> Path:
    before = {slot: read_current(slot).get("previous") for slot in slots}
    folders = [slot / str(name) for slot, name in before.items() if name]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        raise ModelMissing(
            f"No artifact in {root} was current before. See `sentiment artifacts list`."
        )
    if len(found) > 1:
        names = [folder.parent.name for folder in found]
        commands = [f"`sentiment artifacts use previous --model {name}`" for name in names]
        raise InvalidInput(
            f"More than one model has a previous artifact. Choose: {' or '.join(commands)}."
        )
    return found[0]


def prune_artifacts(root: Path, newest: int = KEPT) -> list[Path]:
    """Remove artifacts, but for the newest ones of each slot and those current, previous or in use.

    Also removes what crashed processes left. Returns the artifacts' folders. Raises ArtifactRefused
    where current.json is damaged, since it cannot be told then which ones have to stay.
    """
    removed: list[Path] = []
    for slot in slots_in(root):
        with locked(slot):
            removed += [folder for folder in removable(slot, newest) if _remove(folder)]
    return removed


def removable(slot: Path, newest: int = KEPT) -> list[Path]:
    """The artifacts of a slot that are neither among its newest nor current or previous."""
    record = read_current(slot)
    kept = {record.get("digest"), record.get("previous")}
    stored = [item.folder for item in list_slot(slot)]
    return [folder for folder in stored[: max(len(stored) - newest, 0)] if folder.name not in kept]


def _remove(folder: Path) -> bool:
    """Remove an artifact unless it is in use; return whether it was removed.

    Its name is taken away first, so that a crash leaves no half artifact under it.
    """
    with unused(folder) as is_unused:
        if is_unused:
            discard(folder.rename(folder.with_name(f"{TEMPORARY}{folder.name}")))
    return is_unused


def find_artifact(root: Path, called: str) -> Path:
    """Folder of the artifact that a slot uses, or of the one with this digest or its beginning.

    Raises ModelMissing, InvalidInput where several are meant, ArtifactRefused where current.json is
    damaged.
    """
    if called in HOW_TO_GET:
        return artifact_in_use(root, called)
    if not called:
        raise InvalidInput("The digest is empty. `sentiment artifacts list` shows the digests.")
    return _one(folders_called(root, called), root, called)
