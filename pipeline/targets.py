"""What a path leads to that a user names to write to: a file, or a stream such as a device."""

import os
import re
import stat
from pathlib import Path
from typing import IO

from pipeline.errors import InvalidInput

MOST_LINKS = 40
_DESCRIPTORS = re.compile(r"/dev/fd|/proc/(\d+)(?:/task/\d+)?/fd")


def followed(path: Path) -> Path:
    """The path behind a link, and behind that if it is one: what is written to.

    The entries of /dev/fd are links that lead to no path: they stay. Raises InvalidInput for a link
    that another account has put into a folder where everybody can.
    """
    for _ in range(MOST_LINKS):
        if not path.is_symlink() or _descriptors(path):
            return path
        _refuse_planted(path)
        path = path.parent / path.readlink()
    raise InvalidInput(f"{path} is a link that leads round in a circle. Name a file.")


def is_stream(path: Path) -> bool:
    """Whether this is written to as it is: a character device, a pipe, /dev/stdout, /dev/fd/N."""
    end = followed(path)
    if _descriptors(end):
        return True
    mode = end.stat().st_mode if end.exists() else 0
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def open_stream(path: Path) -> IO[bytes]:
    """Open such a path to write; of a pipe, wait for the reader."""
    end = followed(path)
    found = _descriptors(end)
    if found and found[1] in (None, str(os.getpid())):
        # Opened by its name, a file would be written to from its beginning on.
        return os.fdopen(os.dup(int(end.name)), "wb")
    return os.fdopen(os.open(end, os.O_WRONLY | getattr(os, "O_NOCTTY", 0)), "wb")


def write_all(stream: IO[bytes], content: bytes) -> None:
    """Write to a stream that PYTHONUNBUFFERED may have made one that takes what it likes."""
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]
    stream.flush()


def _descriptors(path: Path) -> re.Match[str] | None:
    """A match if the path is an open file of a process by its number."""
    is_number = path.name.isdecimal()
    return _DESCRIPTORS.fullmatch(os.path.realpath(path.parent)) if is_number else None


def _refuse_planted(link: Path) -> None:
    """Follow the rule of Linux' protected_symlinks, also where that is off."""
    folder, status = link.parent.stat(), link.lstat()
    is_shared = folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH
    if not is_shared or not hasattr(os, "geteuid"):
        return
    if status.st_uid not in (os.geteuid(), folder.st_uid):
        raise InvalidInput(
            f"{link} is a link that another account has put into a folder that all can write to. "
            "Name the file itself."
        )
