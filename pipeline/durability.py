"""Writes that are on the disk before they count."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file by one that is on the disk whole before it gets the name."""
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
    """Where `write_durably` writes before it renames: what a crash may leave."""
    return path.with_name(f".{path.name}.new")


def sync(path: Path) -> None:
    """Wait until the file, or the folder's list of names, is on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot sync a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
