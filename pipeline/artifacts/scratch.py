"""Temporary folders that a killed process does not leave for good: the next one removes them.

A process holds a lease on its folder, which the kernel ends with the process, however that ends.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.artifacts.leases import hold_lease, unused
from pipeline.durability import discard

_UNLEASED = "new-"


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder; those of the same prefix that killed processes left are removed.

    `parent`: the folder to make it in; left out: that of the system.
    """
    parent = parent or Path(tempfile.gettempdir())
    _collect(prefix, parent)
    folder, holder = Path(tempfile.mkdtemp(prefix=f"{_UNLEASED}{prefix}", dir=parent)), _Holder()
    try:
        hold_lease(holder, folder)
        # Only now it gets a name under which others look for folders that nobody holds.
        folder = folder.rename(folder.with_name(folder.name.removeprefix(_UNLEASED)))
        yield folder
    finally:
        discard(folder)
        del holder


class _Holder:
    """Something that a lease can end with."""


def _collect(prefix: str, parent: Path) -> None:
    if os.name == "nt":  # no leases there, so it cannot be told which folders are in use
        return
    for folder in parent.glob(f"{prefix}*"):
        # Somebody else may have left, changed or removed it: that is no reason to fail.
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid():
                _remove_unused(folder)


def _remove_unused(folder: Path) -> None:
    with unused(folder) as is_unused:
        if is_unused:
            discard(folder)
