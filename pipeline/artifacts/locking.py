"""The lock of a slot, held by whatever changes the slot, and collecting what crashes left there."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.artifacts.pointer import CURRENT
from pipeline.durability import discard, unfinished
from pipeline.errors import ResourceUnavailable

TEMPORARY = ".new-"
"""Beginning of the names of what is being written or removed, and is no artifact."""
LOCK_SECONDS = 30


@contextmanager
def locked(slot: Path) -> Iterator[None]:
    """Lock the slot's folder for writing, and remove what a crashed process left in it.

    Raises ResourceUnavailable where another process holds the lock for longer than 30 s, or where
    it cannot be taken.
    """
    with _acquired(slot / ".lock"):
        _collect(slot)
        yield


def _acquired(path: Path) -> AbstractContextManager[object]:
    try:
        return FileLock(path).acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise ResourceUnavailable(
            f"Another process has been writing to {path.parent} for {LOCK_SECONDS} s. "
            "Try again later."
        ) from None
    except OSError as error:
        raise ResourceUnavailable(
            f"{path} cannot be locked ({error.strerror}). It has to be a plain file that this "
            "account may write: remove it if it is none, and give the account access."
        ) from None


def _collect(slot: Path) -> None:
    """Remove what a crashed process was writing: under the lock, nobody is writing it now."""
    for stale in (*slot.glob(f"{TEMPORARY}*"), unfinished(slot / CURRENT)):
        discard(stale)
