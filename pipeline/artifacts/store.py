"""The store of artifacts: listing them, choosing the current one, rolling back, cleaning up."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipeline.artifacts.leases import is_leased
from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.verification import read_manifest
from pipeline.durability import unfinished, write_durably
from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing, ResourceUnavailable

CURRENT = "current.json"
PREVIOUS = "previous"
KEPT = 5
"""Newest artifacts of a slot that `prune` never removes."""
TEMPORARY = ".new-"
LOCK_SECONDS = 30

_DIGEST = re.compile(r"[0-9a-f]{64}")
HOW_TO_GET = {
    "fast": "Make one with `sentiment train` and `sentiment serialize`.",
    "deep": "Get one with `sentiment pull`, or use the fast one with --fast.",
}

Check = Callable[[Path], object]


@dataclass(frozen=True)
class Stored:
    """An artifact in the store; `manifest` is None where it cannot be read."""

    folder: Path
    is_current: bool
    manifest: Manifest | None

    @property
    def age(self) -> str:
        """The key to sort by age: the time of training; "" where unreadable, which comes first."""
        return self.manifest.created_at if self.manifest else ""


def list_artifacts(root: Path) -> list[Stored]:
    """All artifacts under `root`, slot by slot, oldest first."""
    slots = sorted(path for path in root.glob("*") if path.is_dir() and path.name in HOW_TO_GET)
    return [stored for slot in slots for stored in _list_slot(slot)]


def _list_slot(slot: Path) -> list[Stored]:
    current = read_current(slot).get("digest")
    folders = [path for path in slot.iterdir() if _DIGEST.fullmatch(path.name)]
    stored = [Stored(path, path.name == current, _peek(path)) for path in folders]
    return sorted(stored, key=lambda item: (item.age, item.folder.name))


def _peek(folder: Path) -> Manifest | None:
    try:
        manifest, digest = read_manifest(folder)
    except ArtifactRefused:
        return None
    return manifest if digest == folder.name else None


def use_artifact(root: Path, digest: str, check: Check) -> Path:
    """Make an artifact current, named by its digest, the beginning of it, or the word "previous".

    The artifact is loaded with `check` first. Returns its folder. Raises ModelMissing,
    InvalidInput, or what `check` raises.
    """
    folder = _find(root, digest)
    check(folder)
    with locked(folder.parent):
        make_current(folder.parent, folder.name)
    return folder


def _find(root: Path, digest: str) -> Path:
    stored = list_artifacts(root)
    if digest == PREVIOUS:
        wanted = {read_current(item.folder.parent).get("previous") for item in stored}
        found = [item.folder for item in stored if item.folder.name in wanted]
    else:
        found = [item.folder for item in stored if item.folder.name.startswith(digest)]
    if not found:
        raise ModelMissing(f"No artifact {digest} in {root}. See `sentiment artifacts list`.")
    if len(found) > 1:
        raise InvalidInput(f"Several artifacts match {digest}. Give more of the digest.")
    return found[0]


def prune_artifacts(root: Path) -> list[Path]:
    """Remove artifacts, but for the newest five of each slot and those current, previous or in use.

    Returns the removed folders.
    """
    removed = []
    for slot in {item.folder.parent for item in list_artifacts(root)}:
        with locked(slot):
            previous = read_current(slot).get("previous")
            for item in _list_slot(slot)[:-KEPT]:
                if not (item.is_current or item.folder.name == previous or is_leased(item.folder)):
                    _remove(item.folder)
                    removed.append(item.folder)
    return sorted(removed)


def _remove(folder: Path) -> None:
    """Remove an artifact; take its name away first, so that a crash leaves no half one under it."""
    doomed = folder.rename(folder.with_name(f"{TEMPORARY}{folder.name}"))
    shutil.rmtree(doomed)


@contextmanager
def locked(slot: Path) -> Iterator[None]:
    """Lock the slot's folder for writing, and remove what a crashed process left in it.

    Raises ResourceUnavailable where another process holds the lock for longer than 30 s.
    """
    try:
        with FileLock(slot / ".lock", timeout=LOCK_SECONDS):
            for stale in slot.glob(f"{TEMPORARY}*"):
                shutil.rmtree(stale)
            unfinished(slot / CURRENT).unlink(missing_ok=True)
            yield
    except Timeout:
        raise ResourceUnavailable(
            f"Another process has been writing to {slot} for {LOCK_SECONDS} s. Try again later."
        ) from None


def make_current(slot: Path, digest: str) -> None:
    """Record the artifact with this digest as the current one; the slot must be `locked`."""
    before = _read_record(slot) or {}
    if before.get("digest") == digest:
        return
    record = {
        "digest": digest,
        "previous": before.get("digest"),
        "sequence": before.get("sequence", 0) + 1,
    }
    write_durably(slot / CURRENT, f"{json.dumps(record, sort_keys=True)}\n".encode())


def read_current(slot: Path) -> dict[str, Any]:
    """The record current.json: digest, previous, sequence; empty where there is none.

    Raises ArtifactRefused where it is damaged.
    """
    if not (slot / CURRENT).exists():
        return {}
    record = _read_record(slot)
    if record is None:
        raise ArtifactRefused(
            f"{slot / CURRENT} is damaged. Name an artifact with `sentiment artifacts use DIGEST`."
        )
    return record


def _read_record(slot: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((slot / CURRENT).read_bytes())
        digests = [record["digest"], *filter(None, [record["previous"]])]
        if all(_DIGEST.fullmatch(digest) for digest in digests) and record["sequence"] > 0:
            return dict(record)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return None


def current_artifact(root: Path, slot: str) -> Path:
    """Folder of the current artifact of a slot; raises ModelMissing where there is none."""
    digest = read_current(root / slot).get("digest")
    if digest is None:
        raise ModelMissing(f"No {slot} model in {root}/. {HOW_TO_GET[slot]}")
    return root / slot / str(digest)
