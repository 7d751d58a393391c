"""What several workers of pytest-xdist need and would each take long to make."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that all workers of a session share: the first that asks fills it with `make`.

    The others wait for it. If `make` raises, the next one that asks tries it in a new folder.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    told = shared / f"{name}.path"
    with FileLock(shared / f"{name}.lock"):
        if not told.exists():
            folder = factory.mktemp(name)
            make(folder)
            told.write_text(str(folder), "utf-8")
    return Path(told.read_text("utf-8"))
