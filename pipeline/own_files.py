"""Files that a run keeps beside those of others: made where nothing is, never found through a link.

Whoever may write in the same folder can put a link, a pipe or a file of theirs under a name that a
run is going to use. What such a name leads to must be neither overwritten, read nor removed.
"""

import os
import stat
from pathlib import Path
from typing import IO

from pipeline.errors import InvalidInput

# Without O_NONBLOCK, opening a pipe would wait for its other end.
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def create(path: Path, like: Path) -> IO[bytes]:
    """Make a file to write and read; what a run has left under its name is removed.

    The umask decides who may read it, unless it is to replace a file `like`: then this account
    alone may, until `imitate`. Raises InvalidInput as `check_own` does.
    """
    discard_own(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
    return os.fdopen(os.open(path, flags, 0o600 if _model(like) else 0o666), "w+b")


def imitate(file: IO[bytes], like: Path) -> None:
    """Give a file the permissions of another one, if there is one; as root, also its owner."""
    model = _model(like)
    if model is None or not hasattr(os, "fchown"):
        return
    mode, descriptor = stat.S_IMODE(model.st_mode) & 0o777, file.fileno()
    try:
        os.fchown(descriptor, model.st_uid if os.geteuid() == 0 else -1, model.st_gid)
    except PermissionError:
        mode &= ~0o070  # they are meant for another group than the file has
    os.fchmod(descriptor, mode)


def reopen(path: Path) -> IO[bytes]:
    """Open what an earlier run has left, to write and read.

    Raises InvalidInput as `check_own` does, FileNotFoundError if there is nothing.
    """
    check_own(path)
    descriptor = os.open(path, os.O_RDWR | _FLAGS)
    try:
        _refuse_foreign(path, os.fstat(descriptor))  # it may have been exchanged meanwhile
    except InvalidInput:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "r+b")


def put(path: Path, target: Path, like: Path) -> None:
    """Give what a run has made its name, once it is on the disk with the permissions of `like`.

    Raises InvalidInput as `check_own` does.
    """
    with reopen(path) as file:
        imitate(file, like)
        os.fsync(file.fileno())
    path.replace(target)


def discard_own(path: Path) -> None:
    """Remove what a run has left, if anything; raises InvalidInput as `check_own` does."""
    check_own(path)
    path.unlink(missing_ok=True)


def check_own(path: Path) -> None:
    """Raise InvalidInput if there is something that no run of this account has made."""
    status = _status(path)
    if status is not None:
        _refuse_foreign(path, status)


def check_replaceable(path: Path) -> None:
    """Raise InvalidInput if there is anything but a file, which a new file must not replace."""
    status = _status(path)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise InvalidInput(
            f"{path} is {_kind(status)}, which is not replaced by a file. Name another file."
        )


def _refuse_foreign(path: Path, status: os.stat_result) -> None:
    is_foreign = hasattr(os, "geteuid") and status.st_uid != os.geteuid()
    if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1 and not is_foreign:
        return
    what = "a file of another account" if is_foreign else _kind(status)
    raise InvalidInput(
        f"{path} is {what}, not a file that a run of yours has left there. See what it is and "
        "remove it, or write to another folder."
    )


def _kind(status: os.stat_result) -> str:
    """What it is, in words."""
    names = {
        stat.S_IFLNK: "a link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFREG: "a file with a second name",
    }
    return names.get(stat.S_IFMT(status.st_mode), "a device")


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _model(path: Path) -> os.stat_result | None:
    """What a file says of itself; None for anything else."""
    status = _status(path)
    return status if status is not None and stat.S_ISREG(status.st_mode) else None
