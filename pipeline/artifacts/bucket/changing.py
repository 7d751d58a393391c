"""Changing which artifact of a bucket is current, and cleaning up there."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from pipeline.artifacts.bucket.address import BucketAddress, named_in_errors
from pipeline.artifacts.bucket.catalogue import catalogue
from pipeline.artifacts.bucket.client import Bucket, Listed
from pipeline.artifacts.bucket.fetching import fetched
from pipeline.artifacts.bucket.pointing import find_pointer, point
from pipeline.artifacts.listing import slots_in
from pipeline.artifacts.pointer import DIGEST, HOW_TO_GET
from pipeline.artifacts.store import (
    Check,
    find_stored,
    prune_artifacts,
    removable,
    use_artifact,
)
from pipeline.artifacts.verification import MANIFEST

ABANDONED = timedelta(days=1)
"""After which files without a manifest are no artifact that somebody is publishing."""


def use(
    store: Path | BucketAddress, digest: str, check: Check, slot: str | None = None
) -> PurePath:
    """Make an artifact of a store current; see `use_artifact`, also for what it returns and raises.

    That of a bucket is fetched and loaded here first. Also raises ResourceUnavailable where another
    one became current at the same time.
    """
    if isinstance(store, Path):
        return use_artifact(store, digest, check, slot)
    with Bucket(store) as bucket:
        with catalogue(bucket) as root:
            found = find_stored(root, digest, slot)
        place = f"{store}/{found.parent.name}"
        with fetched(bucket, found) as folder, named_in_errors(folder.parent, place):
            check(folder)
        point(bucket, found.parent.name, found.name)
    return found


def prune(store: Path | BucketAddress) -> list[PurePath]:
    """Remove old artifacts of a store; see `prune_artifacts`.

    Servers that answer with an artifact of a bucket have it themselves: those may go there.
    """
    if isinstance(store, Path):
        return list(prune_artifacts(store))
    removed: list[PurePath] = []
    with Bucket(store) as bucket, catalogue(bucket) as root:
        for slot in slots_in(root):
            removed += [old for old in removable(slot) if _remove(bucket, slot.name, old.name)]
        for slot_name in HOW_TO_GET:
            _remove_abandoned(bucket, slot_name)
    return removed


def _remove(bucket: Bucket, slot: str, digest: str) -> bool:
    """Remove an artifact unless it has become current since; return whether it was removed.

    The manifest goes first, so that a crash leaves no half artifact.
    """
    pointer = find_pointer(bucket, slot)
    if pointer and digest in (pointer.digest, pointer.record["previous"]):
        return False
    bucket.remove(slot, digest, MANIFEST)
    for listed in list(bucket.names(slot, digest)):
        bucket.remove(*listed.parts)
    return True


def _remove_abandoned(bucket: Bucket, slot: str) -> None:
    """Remove the files that a publisher or a `prune` has left that did not get to its end."""
    files: dict[str, list[Listed]] = defaultdict(list)
    for listed in bucket.names(slot):
        if len(listed.parts) == 3 and DIGEST.fullmatch(listed.parts[1]):
            files[listed.parts[1]].append(listed)
    before = datetime.now(UTC) - ABANDONED
    for found in files.values():
        names = [listed.parts[2] for listed in found]
        if MANIFEST not in names and all(listed.written < before for listed in found):
            for listed in found:
                bucket.remove(*listed.parts)
