"""An artifact out of a bucket into a folder: every byte is verified as it arrives."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.manifest import FileEntry, Manifest
from pipeline.artifacts.publishing import settle
from pipeline.artifacts.scratch import scratch_folder
from pipeline.artifacts.verification import (
    ANY,
    LARGEST_MANIFEST,
    LARGEST_SIGNATURE,
    MANIFEST,
    SIGNATURE,
    Trust,
    check_manifest,
)
from pipeline.digests import sha256
from pipeline.errors import ArtifactRefused, ModelMissing, ResourceUnavailable

_FETCHED = "sentiment-fetched-"


@contextmanager
def fetched(bucket: Bucket, found: PurePath) -> Iterator[Path]:
    """A temporary copy of the artifact of this slot and digest, the last two parts of `found`.

    Raises what `fetch` raises.
    """
    with scratch_folder(_FETCHED) as scratch:
        folder = scratch / found.name
        fetch(bucket, found.parent.name, found.name, folder, ANY)
        yield folder


def fetch(bucket: Bucket, slot: str, digest: str, folder: Path, trust: Trust) -> None:
    """Copy an artifact into a new folder, which has to be called by its digest.

    Its manifest is checked, as `trust` demands too, before the other files are asked for. Raises
    ArtifactRefused for what is not as it was sealed, ModelMissing where there is none.
    """
    place = f"{bucket.address}/{slot}/{digest}"
    folder.mkdir()
    try:
        manifest = _fetch_manifest(bucket, slot, folder, trust)
        if manifest is None:
            raise ModelMissing(
                f"No artifact at {place}. See `sentiment artifacts list --artifacts "
                f"{bucket.address}`."
            )
        _check_space(folder, manifest)
        for entry in manifest.files:
            _fetch_file(bucket, slot, folder, entry)
        settle(folder)
    except ArtifactRefused as error:
        raise ArtifactRefused(
            f"{place} is refused: {error}. Publish it again, or use another artifact."
        ) from None


def _fetch_manifest(bucket: Bucket, slot: str, folder: Path, trust: Trust) -> Manifest | None:
    parts = (slot, folder.name)
    found = bucket.read(*parts, MANIFEST, largest=LARGEST_MANIFEST)
    if found is None:
        return None
    (folder / MANIFEST).write_bytes(found.content)
    signature = bucket.read(*parts, SIGNATURE, largest=LARGEST_SIGNATURE)
    if signature is not None:
        (folder / SIGNATURE).write_bytes(signature.content)
    settle(folder)
    return check_manifest(folder, slot, trust)[0]


def _check_space(folder: Path, manifest: Manifest) -> None:
    free = shutil.disk_usage(folder).free
    if manifest.size > free:
        raise ResourceUnavailable(
            f"The artifact has {manifest.size / 2**20:,.0f} MiB, and {free / 2**20:,.0f} MiB are "
            f"free at {folder.parents[2]}. Make room, or name another folder in XDG_CACHE_HOME."
        )


def _fetch_file(bucket: Bucket, slot: str, folder: Path, entry: FileEntry) -> None:
    path = folder / entry.path
    with path.open("xb") as file:
        etag = bucket.copy(file, slot, folder.name, entry.path, largest=entry.size)
    if etag is None:
        raise ArtifactRefused(f"{entry.path} is missing")
    if not is_sealed(folder, entry):
        raise ArtifactRefused(f"{entry.path} is not the file that was sealed")


def is_sealed(folder: Path, entry: FileEntry) -> bool:
    """Whether a file of an artifact has the bytes that its manifest says."""
    path = folder / entry.path
    return path.stat().st_size == entry.size and sha256(path) == entry.sha256
