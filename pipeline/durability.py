"""Writing files so that they survive a crash."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file by one that is wholly on the disk before it gets the name."""
    temporary = unfinished(path)
    try:
        temporary.write_bytes(content)
        sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def unfinished(path: Path) -> Path:
    """The temporary file that `write_durably` renames; a crash may leave it behind."""
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
