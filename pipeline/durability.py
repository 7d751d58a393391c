"""Writing files so that they survive a crash."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Replace a file by the one that the block writes under the path given to it.

    It is wholly on the disk before it gets the name; where the block raises, the old file stays.
    """
    temporary = unfinished(path)
    discard(temporary)  # a link or a pipe of that name would be written to
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file by one with this content."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def create_folder(path: Path) -> None:
    """Create a folder, and those above it that are missing, so that they survive a crash."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync(folder.parent)


def discard(path: Path) -> None:
    """Remove whatever has this name, if anything: a file, a folder with its content, a link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """The temporary file that `replacing` renames; a crash may leave it behind."""
    return path.with_name(f".{path.name}.new")


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot sync a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
