"""The calls that decide what a crash leaves, written down in their order, and cut off at any one.

The calls are made as always, up to the one at which a test stops.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

NAMES = ("fsync", "replace", "rename", "unlink", "mkdir")


class DiskCall(NamedTuple):
    """A call of one of these functions of `os`, and the path that it is about: the new name."""

    name: str
    path: Path


class DiskCalls:
    """Calls about what lies under `folder`, in `made`.

    In place of call number `stop_at`, counted from 0, and of all that follow, `stop` is called: it
    raises or ends the process. `original` has the functions of `os` as they were.
    """

    def __init__(self, folder: Path, stop_at: int, stop: Callable[[], None]) -> None:
        self.folder, self.stop_at, self.stop = folder.resolve(), stop_at, stop
        self.made: list[DiskCall] = []
        self.original = {name: getattr(os, name) for name in NAMES}

    def install(self) -> None:
        """From now on, write the calls down."""
        for name in NAMES:
            setattr(os, name, self._wrapped(name))

    def remove(self) -> None:
        """Leave `os` as it was."""
        for name, function in self.original.items():
            setattr(os, name, function)

    def _wrapped(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            path = _subject(name, arguments)
            if path.is_relative_to(self.folder):
                if len(self.made) == self.stop_at:
                    self.stop()
                self.made.append(DiskCall(name, path))
            return self.original[name](*arguments, **options)

        return call


def _subject(name: str, arguments: tuple[Any, ...]) -> Path:
    if name == "fsync":
        return Path(f"/proc/self/fd/{arguments[0]}").readlink()
    path = Path(arguments[1] if name in ("replace", "rename") else arguments[0])
    return path.parent.resolve() / path.name
