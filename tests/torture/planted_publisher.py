"""`sentiment` with a bug planted: an artifact is made current before it is in its place."""

from collections.abc import Mapping
from pathlib import Path

from cli.main import main
from pipeline.artifacts.locking import TEMPORARY, locked
from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.pointer import make_current
from pipeline.artifacts.publishing import _put, _write
from pipeline.artifacts.store import Check
from pipeline.workflows import sealing


def publish_early(
    root: Path,
    manifest: Manifest,
    files: Mapping[str, bytes],
    check: Check,
    key: Path | None = None,
) -> str:
    """As `publishing.publish`, but for the order."""
    slot = root / manifest.slot
    with locked(slot):
        (slot / f"{TEMPORARY}planted").mkdir()
        folder = slot / f"{TEMPORARY}planted" / "artifact"
        digest = _write(folder, manifest, files, key)
        make_current(slot, digest)
        check(folder)
        _put(folder, slot / digest, check)
    return digest


if __name__ == "__main__":
    sealing.publish = publish_early
    main()
