"""Reading and verifying sealed artifacts. The names of their files are defined in this module only.

A run holds the same files, so that sealing it only adds a manifest.

`<root>/<slot>/<digest>/` holds manifest.json, the files that it lists and, optionally, a signature;
`<root>/<slot>/current.json` names the artifact in use (`pointer.py`).
"""

import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

from pipeline.artifacts import builtin
from pipeline.artifacts.manifest import FileEntry, Manifest, digest_of
from pipeline.artifacts.unpickling import dump_numbers, load_numbers
from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing
from pipeline.text.cleaning import CLEANING_VERSION

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
PARAMETERS = "model.joblib"
NETWORK = "model.onnx"
WEIGHTS = "weights.safetensors"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
CARD = "MODEL_CARD.md"

LARGEST_MANIFEST = 16 * 2**20
LARGEST_SIGNATURE = 64
_READ_ONLY_FOR_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
)
"""Follow no link, wait for no writer of a pipe, and on Windows read bytes as they are."""


@dataclass(frozen=True)
class Trust:
    """What is demanded of an artifact, besides that it is whole.

    `digest`: its digest, or the first 8 digits or more. `public_key`: PEM file of the key that must
    have signed it. `not_before`: the time, with a time zone, before which it must not have been
    trained; only with `public_key`, since anybody can write a time.
    """

    digest: str | None = None
    public_key: Path | None = None
    not_before: datetime | None = None

    def __post_init__(self) -> None:
        if self.digest is not None and not re.fullmatch("[0-9a-f]{8,64}", self.digest):
            raise InvalidInput("An expected digest has 8 to 64 hexadecimal digits, in lower case.")
        if self.not_before is not None and self.public_key is None:
            raise InvalidInput(
                "Only a signed time can be relied on. Give --require-signature with --not-before."
            )

    def to_record(self) -> dict[str, str | None]:
        """All of it as JSON takes it, for another process to demand the same."""
        key, time = self.public_key, self.not_before
        return {
            "digest": self.digest,
            "public_key": None if key is None else str(key.absolute()),
            "not_before": None if time is None else time.isoformat(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, str | None]) -> Self:
        """Rebuild it from such a record."""
        key, time = record["public_key"], record["not_before"]
        return cls(
            record["digest"],
            None if key is None else Path(key),
            None if time is None else datetime.fromisoformat(time),
        )


ANY = Trust()


@dataclass(frozen=True)
class Artifact:
    """An artifact of which every byte was verified. `files` maps names to the verified bytes."""

    manifest: Manifest
    digest: str
    files: Mapping[str, bytes] = field(repr=False)

    def parameters(self) -> object:
        """The linear model's arrays and numbers, unpickled without running any code."""
        return parameters_in(self.files)


def pack_parameters(parameters: object) -> dict[str, bytes]:
    """The file that holds a linear model's parameters: built-in values and numeric arrays."""
    return {PARAMETERS: dump_numbers(parameters)}


def parameters_in(files: Mapping[str, bytes]) -> object:
    """What `pack_parameters` packed, unpickled without running any code."""
    if PARAMETERS not in files:
        raise ArtifactRefused(f"The artifact holds no {PARAMETERS}. Serialize the run again.")
    return load_numbers(files[PARAMETERS])


def load_artifact(folder: Path, slot: str | None = None, trust: Trust = ANY) -> Artifact:
    """Read and verify an artifact. Each file is read once, so the bytes used are those verified.

    The checks, in this order: permissions, size of the manifest, demanded digest and signature,
    strict parse, exact set of files, size and sha256 of each. Raises ArtifactRefused where a check
    fails, ModelMissing where there is no artifact.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises where a parent is closed
        raise ModelMissing(f"No artifact at {folder}. Make one with `sentiment serialize`.")
    try:
        return _verified(folder, slot, trust)
    except OSError as error:
        raise ArtifactRefused(
            f"{folder} cannot be read ({error.strerror}). Fix that, or use another artifact."
        ) from None
    except ArtifactRefused as error:
        again = "Install the package" if folder == builtin.FOLDER else "Serialize the run"
        raise ArtifactRefused(
            f"{folder} is refused: {error}. {again} again, or use another artifact."
        ) from None


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Manifest and digest of an artifact, without reading its files; raises ArtifactRefused."""
    content = _read(folder / MANIFEST, LARGEST_MANIFEST)
    return Manifest.from_bytes(content), digest_of(content)


def open_warily(path: Path) -> BinaryIO:
    """Open a file for reading; whether it is a plain one is for the caller to check."""
    return open(path, "rb", opener=lambda name, _: os.open(name, _OPEN_FLAGS))


def read_plain(
    path: Path, largest: int, check: Callable[[os.stat_result], object] = lambda _: None
) -> bytes:
    """Bytes of a plain file of at most `largest`; no link is followed, no pipe waited for.

    `check` sees its status first. OSError also where it is no plain file, or too long.
    """
    with open_warily(path) as file:
        status = os.fstat(file.fileno())
        check(status)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "no plain file")
        if status.st_size > largest:
            raise OSError(None, "too long")
        return file.read(status.st_size + 1)


def check_manifest(folder: Path, slot: str | None, trust: Trust) -> tuple[Manifest, str]:
    """Manifest and digest of an artifact, checked as far as that goes without its other files.

    Raises ArtifactRefused, OSError where there is no such folder.
    """
    _check_permissions(folder, os.lstat(folder), stat.S_ISDIR)
    content = _read(folder / MANIFEST, LARGEST_MANIFEST)
    digest = digest_of(content)
    _check_trust(folder, content, digest, trust)
    manifest = Manifest.from_bytes(content)
    _check_age(manifest, trust)
    _check_purpose(manifest, slot)
    return manifest, digest


def _verified(folder: Path, slot: str | None, trust: Trust) -> Artifact:
    manifest, digest = check_manifest(folder, slot, trust)
    expected = {entry.path for entry in manifest.files} | {MANIFEST}
    found = {path.name for path in folder.iterdir()} - {SIGNATURE}
    if found != expected:
        raise ArtifactRefused(f"missing or extra files: {', '.join(sorted(found ^ expected))}")
    return Artifact(manifest, digest, {e.path: _verify(folder, e) for e in manifest.files})


def _check_trust(folder: Path, content: bytes, digest: str, trust: Trust) -> None:
    if len(folder.name) == len(digest) and folder.name != digest:
        raise ArtifactRefused(f"its digest is {digest}, its folder has another name")
    if trust.digest is not None and not digest.startswith(trust.digest):
        raise ArtifactRefused(f"its digest is {digest}, not {trust.digest} as expected")
    if trust.public_key is not None:
        from pipeline.artifacts.signing import check_signature

        signature = _read(folder / SIGNATURE, LARGEST_SIGNATURE)
        check_signature(content, signature, trust.public_key)


def _check_age(manifest: Manifest, trust: Trust) -> None:
    """ArtifactRefused where it is older than demanded, or does not say when it was trained."""
    if trust.not_before is None:
        return
    try:
        is_too_old = datetime.fromisoformat(manifest.created_at) < trust.not_before
    except (ValueError, TypeError):  # no time, or one without a time zone
        raise ArtifactRefused("the time of its training is not to be understood") from None
    if is_too_old:
        raise ArtifactRefused(
            f"it was trained at {manifest.created_at}, before {trust.not_before.isoformat()}"
        )


def _check_purpose(manifest: Manifest, slot: str | None) -> None:
    if slot is not None and manifest.slot != slot:
        raise ArtifactRefused(f"it is for the slot {manifest.slot!r}, not {slot!r}")
    if manifest.cleaning_version != CLEANING_VERSION:
        raise ArtifactRefused(
            f"it was made with cleaning version {manifest.cleaning_version}, this program cleans "
            f"with version {CLEANING_VERSION}"
        )


def _verify(folder: Path, entry: FileEntry) -> bytes:
    content = _read(folder / entry.path, entry.size)
    if FileEntry.of(entry.path, content) != entry:
        raise ArtifactRefused(f"{entry.path} is not the file that was sealed")
    return content


def _read(path: Path, largest: int) -> bytes:
    try:
        return read_plain(
            path, largest, lambda status: _check_permissions(path, status, stat.S_ISREG)
        )
    except OSError as error:
        raise ArtifactRefused(f"{path.name} cannot be read ({error.strerror})") from None


def _check_permissions(path: Path, status: os.stat_result, is_kind: Callable[[int], bool]) -> None:
    if not is_kind(status.st_mode):
        raise ArtifactRefused(f"{path.name} is a link or no plain file or folder")
    # Whoever can write to the package can also change its code, and pip minds the umask alone.
    is_ours = builtin.FOLDER in (path, path.parent)
    if sys.platform != "win32" and status.st_mode & _READ_ONLY_FOR_OTHERS and not is_ours:
        raise ArtifactRefused(f"{path.name} can be written by others: chmod -R go-w the artifact")
