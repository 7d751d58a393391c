"""Build what a box installs, dist/sentiment-VERSION.tar.gz, and print its SHA-256.

It holds the program as a wheel, the versions of what that needs, and what `deploy/setup.sh` puts in
place. The same sources give the same bytes, but for what setuptools may change.
"""

import gzip
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = ("constraints.txt", "deploy/setup.sh", "deploy/nginx.conf", "deploy/sentiment.service")


def build(folder: Path) -> Path:
    """Build it and return its path in `folder`."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
        date = {"SOURCE_DATE_EPOCH": "315532800"}  # 1980, before which no wheel can be
        subprocess.run([*command, scratch, str(ROOT)], check=True, env={**os.environ, **date})
        (wheel,) = Path(scratch).iterdir()
        folder.mkdir(parents=True, exist_ok=True)
        release = folder / f"sentiment-{wheel.name.split('-')[1]}.tar.gz"
        with (
            release.open("wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            for path in (wheel, *(ROOT / name for name in FILES)):
                archive.add(path, f"sentiment/{path.name}", filter=_without_traces)
    return release


def _without_traces(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without what depends on who builds it when."""
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "root", "root"
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


if __name__ == "__main__":
    built = build(ROOT / "dist")
    print(hashlib.sha256(built.read_bytes()).hexdigest(), built.relative_to(ROOT))
