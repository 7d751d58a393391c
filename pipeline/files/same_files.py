"""Whether a file can be written under a name: it is in a folder, and no input."""

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import InvalidInput


def refuse_same(inputs: Iterable[str | Path], outputs: Iterable[str | Path]) -> None:
    """Raise InvalidInput if any output is the very file of an input, whatever they are called."""
    outputs = list(outputs)
    for given in inputs:
        for output in outputs:
            if _is_same(given, output):
                raise InvalidInput(
                    f"{output} is the same file as {given}, which would be lost. Write to another "
                    "file."
                )


def refuse_without_folder(path: Path) -> None:
    """Raise InvalidInput if there is no folder to put this file in."""
    if not path.parent.is_dir():
        raise InvalidInput(
            f"There is no folder {path.parent} to put {path.name} in. Make it first."
        )


def _is_same(one: str | Path, other: str | Path) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there yet
        return os.path.realpath(one) == os.path.realpath(other)
