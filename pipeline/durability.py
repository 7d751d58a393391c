"""Writing files so that they survive a crash."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import ResourceUnavailable
from pipeline.own_files import check_replaceable, create, imitate


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Replace a file by what the block writes to the one given to it; permissions stay.

    It is wholly on the disk before it gets the name; where the block raises, the old file stays.
    A link is replaced itself. Raises InvalidInput for a device or anything else that is no file.
    """
    if not path.is_symlink():
        check_replaceable(path)
    temporary = unfinished(path)
    file = create(temporary, like=path)
    try:
        with file:
            yield file
            file.flush()
            imitate(file, like=path)
            os.fsync(file.fileno())
            _check_undisturbed(file, temporary, path)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _check_undisturbed(file: IO[bytes], temporary: Path, path: Path) -> None:
    """Raise ResourceUnavailable if another run has begun to write the same file."""
    if not temporary.exists() or not os.path.samestat(os.fstat(file.fileno()), temporary.lstat()):
        raise ResourceUnavailable(f"Another run is writing {path}. Wait for it, and try again.")


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file by one with this content."""
    with replacing(path) as file:
        file.write(content)


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
