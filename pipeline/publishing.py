"""Publishing an artifact: written aside, verified by loading, renamed, made current."""

import stat
import tempfile
from dataclasses import replace
from pathlib import Path

import joblib

from pipeline.artifacts import MANIFEST, PARAMETERS, SIGNATURE
from pipeline.durability import sync
from pipeline.errors import ArtifactRefused
from pipeline.manifest import FileEntry, Manifest, digest_of
from pipeline.store import TEMPORARY, Check, locked, make_current


def publish(
    root: Path, manifest: Manifest, parameters: object, check: Check, key: Path | None = None
) -> str:
    """Write an artifact, load it with `check`, make it current; return its digest.

    `key`: sign it with this private key. Atomic: until the last rename the old artifact is
    current, and a crash leaves no half-written one under a digest. Raises what `check` raises.
    """
    slot = root / manifest.slot
    slot.mkdir(parents=True, exist_ok=True)
    with locked(slot), tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=slot) as temporary:
        folder = Path(temporary) / "artifact"
        digest = _write(folder, manifest, parameters, key)
        check(folder)
        _put(folder, slot / digest, check)
        make_current(slot, digest)
    return digest


def _write(folder: Path, manifest: Manifest, parameters: object, key: Path | None) -> str:
    folder.mkdir()
    joblib.dump(parameters, folder / PARAMETERS)
    entry = FileEntry.of(PARAMETERS, (folder / PARAMETERS).read_bytes())
    content = replace(manifest, files=(entry,)).to_bytes()
    (folder / MANIFEST).write_bytes(content)
    if key is not None:
        from pipeline.signing import sign

        (folder / SIGNATURE).write_bytes(sign(content, key))
    for path in (*folder.iterdir(), folder):
        path.chmod(path.stat().st_mode & ~(stat.S_IWGRP | stat.S_IWOTH))
        sync(path)
    return digest_of(content)


def _put(folder: Path, final: Path, check: Check) -> None:
    """Rename into place; the same artifact, if it is there and whole, stays and may be signed."""
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
