"""Leases: a handler holds a shared lock on its artifact's folder for as long as it lives.

The kernel releases the lock with the process, however it ends. Windows has no such locks on
folders: there `prune` spares only the newest, the current and the previous artifact.
"""

import os
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


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
    except OSError:  # a file system without locks
        return


def is_leased(folder: Path) -> bool:
    """Whether any process uses the folder now."""
    if fcntl is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(descriptor)
