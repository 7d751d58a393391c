"""Sealed artifacts on disk: verify, load, publish, and name the current one.

`<root>/<slot>/<digest>/` holds manifest.json and what it lists; `<root>/<slot>/current.json` names
the one in use. File names inside an artifact appear in this module only.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import joblib
from filelock import FileLock, Timeout

from pipeline.errors import ArtifactRefused, ModelMissing, ResourceUnavailable
from pipeline.manifest import FileEntry, Manifest, digest_of
from pipeline.text import CLEANING_VERSION
from pipeline.unpickling import load_numbers

MANIFEST = "manifest.json"
PARAMETERS = "model.joblib"
CURRENT = "current.json"
LOCK_SECONDS = 30
_LARGEST_MANIFEST = 16 * 2**20


@dataclass(frozen=True)
class Artifact:
    """An artifact whose every byte was verified. `files` maps paths to the very bytes verified."""

    manifest: Manifest
    digest: str
    files: Mapping[str, bytes] = field(repr=False)

    def parameters(self) -> object:
        """The fast model's arrays and numbers, unpickled without running any code."""
        return load_numbers(self.files[PARAMETERS])


def load_artifact(folder: Path, slot: str | None = None) -> Artifact:
    """Read and verify an artifact: manifest, exact set of files, sizes, sha256 of each.

    Each file is read once, and what was verified is what is used. Raises ArtifactRefused where
    anything differs, ModelMissing where there is no artifact.
    """
    if not folder.is_dir():
        raise ModelMissing(f"No artifact at {folder}. Make one with `sentiment serialize`.")
    try:
        return _verified(folder, slot)
    except ArtifactRefused as error:
        raise ArtifactRefused(
            f"{folder} is refused: {error}. Serialize the run again, or take another artifact."
        ) from None


def _verified(folder: Path, slot: str | None) -> Artifact:
    content = _read(folder / MANIFEST, _LARGEST_MANIFEST)
    digest = digest_of(content)
    if len(folder.name) == len(digest) and folder.name != digest:
        raise ArtifactRefused(
            f"its manifest has the digest {digest[:12]}…, its folder another name"
        )
    manifest = Manifest.from_bytes(content)
    if slot is not None and manifest.slot != slot:
        raise ArtifactRefused(f"it is for the slot {manifest.slot!r}, not {slot!r}")
    if manifest.cleaning_version != CLEANING_VERSION:
        raise ArtifactRefused(
            f"it was made with cleaning version {manifest.cleaning_version}, this program cleans "
            f"with version {CLEANING_VERSION}"
        )
    expected = {entry.path for entry in manifest.files} | {MANIFEST}
    found = {path.name for path in folder.iterdir()}
    if found != expected:
        raise ArtifactRefused(f"missing or extra files: {', '.join(sorted(found ^ expected))}")
    return Artifact(manifest, digest, {e.path: _verify(folder, e) for e in manifest.files})


def _verify(folder: Path, entry: FileEntry) -> bytes:
    content = _read(folder / entry.path, entry.size)
    if FileEntry.of(entry.path, content) != entry:
        raise ArtifactRefused(f"{entry.path} is not the file that was sealed")
    return content


def _read(path: Path, largest: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(largest + 1)
    except OSError as error:
        raise ArtifactRefused(f"{path.name} cannot be read ({error.strerror})") from None


def publish(
    root: Path, manifest: Manifest, parameters: object, check: Callable[[Path], object]
) -> str:
    """Write an artifact, load it with `check`, make it current; return its digest.

    Atomic: until the last rename the old artifact is current, and a crash leaves no half-written
    one under a digest. Raises what `check` raises, ResourceUnavailable where another process
    publishes for longer than 30 s.
    """
    slot = root / manifest.slot
    slot.mkdir(parents=True, exist_ok=True)
    with _locked(slot), tempfile.TemporaryDirectory(prefix=".new-", dir=slot) as temporary:
        folder = Path(temporary) / "artifact"
        digest = _write(folder, manifest, parameters)
        check(folder)
        _put(folder, slot / digest, check)
        _make_current(slot, digest)
    return digest


@contextmanager
def _locked(slot: Path) -> Iterator[None]:
    try:
        with FileLock(slot / ".lock", timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise ResourceUnavailable(
            f"Another process has been publishing to {slot} for {LOCK_SECONDS} s. Try again later."
        ) from None


def _write(folder: Path, manifest: Manifest, parameters: object) -> str:
    folder.mkdir()
    joblib.dump(parameters, folder / PARAMETERS)
    _sync(folder / PARAMETERS)
    entry = FileEntry.of(PARAMETERS, (folder / PARAMETERS).read_bytes())
    content = replace(manifest, files=(entry,)).to_bytes()
    write_durably(folder / MANIFEST, content)
    _sync(folder)
    return digest_of(content)


def _put(folder: Path, final: Path, check: Callable[[Path], object]) -> None:
    """Rename into place, unless the same artifact already is there and whole."""
    if final.exists():
        try:
            check(final)
            return
        except ArtifactRefused:
            final.rename(folder.with_name("damaged"))
    folder.rename(final)
    _sync(final.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file by one that is on the disk whole before it gets the name."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_current(slot: Path, digest: str) -> None:
    before = _current_record(slot)
    if before.get("digest") == digest:
        return
    record = {
        "digest": digest,
        "previous": before.get("digest"),
        "sequence": before.get("sequence", 0) + 1,
    }
    write_durably(slot / CURRENT, f"{json.dumps(record, sort_keys=True)}\n".encode())


def _current_record(slot: Path) -> dict[str, Any]:
    try:
        record = json.loads((slot / CURRENT).read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise ArtifactRefused(
            f"{slot / CURRENT} is damaged. Remove it and serialize again."
        ) from None
    return dict(record)


def current_artifact(root: Path, slot: str) -> Path:
    """Folder of the current artifact of a slot; raises ModelMissing where there is none."""
    digest = _current_record(root / slot).get("digest")
    if digest is None:
        raise ModelMissing(f"No {slot} model in {root}/. {_HOW_TO_GET[slot]}")
    return root / slot / str(digest)


_HOW_TO_GET = {
    "fast": "Make one with `sentiment train` and `sentiment serialize`.",
    "deep": "Use the fast one with --fast.",
}
