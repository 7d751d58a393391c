"""Files of captured texts: lines are appended, full files are left, the oldest are removed.

A file is written by one process, which holds a lock on it (flock), so that others can tell it from
a file that nobody writes to any more. No process ever waits for another one.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

PATTERN = "captured-*.jsonl"
LARGEST_BLOCK = 16_384
"""Bytes written at once; the longest line is shorter: 2,000 characters, 6 bytes for each."""

_BINARY = getattr(os, "O_BINARY", 0)
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _BINARY
_FLAGS_OF_OLD = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY


class CapturedFiles:
    """The files of a folder, of which this process appends to one.

    With `writers` such processes, all files together hold `most_bytes` at most: a file is full with
    its writer's share of a quarter, and what nobody writes to has the other three.
    """

    def __init__(self, folder: Path, most_bytes: int, writers: int) -> None:
        self._folder = folder
        self._most_in_file = most_bytes // (4 * writers)
        self._most_kept = most_bytes - writers * self._most_in_file
        self._path = folder
        self._descriptor: int | None = None

    @staticmethod
    def fewest_bytes(writers: int) -> int:
        """The smallest `most_bytes` for so many writers."""
        return 4 * writers * LARGEST_BLOCK

    def append(self, block: bytes) -> None:
        """Append whole lines, `LARGEST_BLOCK` bytes at most; raises OSError and appends nothing."""
        if self._descriptor is not None and not self._has_room(self._descriptor, len(block)):
            self.close()
        descriptor = self._create() if self._descriptor is None else self._descriptor
        size = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, block) < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._undo(descriptor, size)
            raise

    def close(self) -> None:
        """Close the file, whose name stays; the next block goes into a new one."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def mend(self) -> None:
        """Cut off half lines that a crash has left at the end of files; leave what cannot be."""
        for path in self._folder.glob(PATTERN):
            with suppress(OSError), _claimed(path) as descriptor:
                if not _whole(descriptor):
                    path.unlink()

    def _has_room(self, descriptor: int, count: int) -> bool:
        """Whether the file takes so many bytes more, and has not been removed by somebody."""
        status = os.fstat(descriptor)
        return status.st_size + count <= self._most_in_file and status.st_nlink > 0

    def _create(self) -> int:
        self._make_room()
        # The process makes names of the same microsecond differ.
        name = f"captured-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"
        self._path = self._folder / name
        self._descriptor = os.open(self._path, _FLAGS, 0o600)
        _lock(self._descriptor)
        return self._descriptor

    def _make_room(self) -> None:
        """Remove the oldest files until the others leave every writer its share."""
        sizes = {}
        for path in sorted(self._folder.glob(PATTERN)):
            with suppress(FileNotFoundError):  # another process has removed it
                sizes[path] = path.lstat().st_size
        excess = sum(sizes.values()) - self._most_kept
        for path, size in sizes.items():
            if excess <= 0:
                return
            with suppress(OSError), _claimed(path):
                path.unlink(missing_ok=True)
                excess -= size

    def _undo(self, descriptor: int, size: int) -> None:
        """Take back what was written of a block, and leave the file, which may be the trouble."""
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        self.close()
        if not size:
            with suppress(OSError):
                self._path.unlink()


def _whole(descriptor: int) -> int:
    """Cut off what stands behind the last whole line; returns how many bytes are left."""
    with open(descriptor, "rb+", closefd=False) as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        if file.read() != b"\n":
            file.seek(0)
            end = file.read().rfind(b"\n") + 1
            file.truncate(end)
    return end


@contextmanager
def _claimed(path: Path) -> Iterator[int]:
    """The descriptor of a file to which nobody writes, nor will as long as the block lasts.

    Raises OSError if somebody does, and for a link or a pipe, which would lead elsewhere.
    """
    descriptor = os.open(path, _FLAGS_OF_OLD)
    try:
        if not (stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor)):
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; returns whether no other process has locked it."""
    if sys.platform == "win32":  # there one process serves
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
