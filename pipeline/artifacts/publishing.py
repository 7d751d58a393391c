"""Publishing an artifact: write it aside, verify it by loading, rename it, make it current."""

import stat
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.artifacts.locking import TEMPORARY, locked
from pipeline.artifacts.manifest import FileEntry, Manifest, digest_of
from pipeline.artifacts.pointer import make_current
from pipeline.artifacts.store import Check
from pipeline.artifacts.verification import MANIFEST, SIGNATURE
from pipeline.durability import create_folder, sync
from pipeline.errors import ArtifactRefused


def publish(
    root: Path,
    manifest: Manifest,
    files: Mapping[str, bytes],
    check: Check,
    key: Path | None = None,
) -> str:
    """Write an artifact of these files, load it with `check`, make it current; return its digest.

    `key`: PEM file of the private key to sign it with. Publishing is atomic: until the last rename
    the old artifact is current, and a crash leaves no half-written artifact under a digest. Raises
    what `check` raises.
    """
    slot = root / manifest.slot
    create_folder(slot)
    with locked(slot), tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=slot) as temporary:
        folder = Path(temporary) / "artifact"
        digest = _write(folder, manifest, files, key)
        check(folder)
        _put(folder, slot / digest, check)
        make_current(slot, digest)
    return digest


def _write(folder: Path, manifest: Manifest, files: Mapping[str, bytes], key: Path | None) -> str:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    entries = tuple(FileEntry.of(name, content) for name, content in sorted(files.items()))
    content = replace(manifest, files=entries).to_bytes()
    (folder / MANIFEST).write_bytes(content)
    if key is not None:
        from pipeline.artifacts.signing import sign

        (folder / SIGNATURE).write_bytes(sign(content, key))
    settle(folder)
    return digest_of(content)


def settle(folder: Path) -> None:
    """See that an artifact's folder is on the disk, and that only this account can write to it."""
    for path in (*folder.iterdir(), folder):
        path.chmod(path.stat().st_mode & ~(stat.S_IWGRP | stat.S_IWOTH))
        sync(path)


def _put(folder: Path, final: Path, check: Check) -> None:
    """Rename into place. If the same artifact is there, and whole, it only takes the signature."""
    if final.exists():
        try:
            check(final)
        except ArtifactRefused:
            final.rename(folder.with_name("damaged"))
        else:
            if (folder / SIGNATURE).exists():
                (folder / SIGNATURE).replace(final / SIGNATURE)
                sync(final)
            return
    folder.rename(final)
    sync(final.parent)
