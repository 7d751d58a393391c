"""Leases: a handler holds a shared lock on its artifact's folder for as long as it lives.

The kernel releases the lock with the process, however it ends. Windows has no such locks on
folders: there `prune` spares only the newest, the current and the previous artifact.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_OPEN_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_DIRECTORY", "O_NOFOLLOW"))


def hold_lease(owner: object, folder: Path) -> None:
    """Mark the folder as in use until `owner` is gone."""
    if fcntl is None:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # the folder was removed since it was read, and its content is in memory
        return
    weakref.finalize(owner, os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # a file system without locks, or the folder is being removed just now
        return


@contextmanager
def unused(folder: Path) -> Iterator[bool]:
    """Whether no process uses the folder; if so, none can begin to until the block ends.

    False also where that cannot be told, since the path is no folder or cannot be opened.
    """
    if fcntl is None:
        yield True
        return
    try:
        descriptor = os.open(folder, _OPEN_FLAGS)
    except OSError:
        yield False
        return
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open folder for this process alone; False where another process uses it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks, where nobody can have a lease either
        return True
    return True
