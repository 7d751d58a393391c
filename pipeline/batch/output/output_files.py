"""The files that an output has while it is made, and how they become the finished ones."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from pipeline.batch.output.parquet_writing import write_parquet
from pipeline.durability import sync, unfinished
from pipeline.errors import InvalidInput
from pipeline.files import remote


@dataclass(frozen=True)
class OutputFiles:
    """Files of the output `target`: a path, or an address, made in the working folder first.

    Beside scored.csv stand scored.csv.partial, scored.csv.journal and scored.csv.lock until it is
    whole, and scored.csv.rejects.jsonl if there are rejects.
    """

    target: str

    @cached_property
    def local(self) -> Path:
        """Where it is made."""
        return Path(self.target.rpartition("/")[2] if self.is_remote else self.target)

    @cached_property
    def is_remote(self) -> bool:
        """Whether it is uploaded when it is whole."""
        return remote.is_remote(self.target)

    @cached_property
    def partial(self) -> Path:
        """The rows written so far; for Parquet, Arrow streams that it will be written from."""
        return self._beside(".partial")

    @cached_property
    def partial_rejects(self) -> Path:
        """The rejects written so far."""
        return self._beside(".rejects.jsonl.partial")

    @cached_property
    def journal(self) -> Path:
        """How far the run has come."""
        return self._beside(".journal")

    @cached_property
    def lock(self) -> Path:
        """Held while a run writes."""
        return self._beside(".lock")

    @cached_property
    def rejects(self) -> str:
        """The finished rejects."""
        return f"{self.target}.rejects.jsonl"

    @cached_property
    def parquet(self) -> Path:
        """Parquet before it gets its name."""
        return self._beside(".partial.parquet")

    def _beside(self, suffix: str) -> Path:
        return self.local.with_name(self.local.name + suffix)

    def all_local(self) -> list[Path]:
        """Every file of this machine that a run may write, replace or remove."""
        parts = [self.partial, self.partial_rejects, self.journal, self.lock, self.parquet]
        finished = [] if self.is_remote else [self.local, Path(self.rejects)]
        return [*finished, *parts, unfinished(self.journal)]

    def check_folder(self) -> None:
        """Raise InvalidInput if there is no folder to put the output in, or one of its name."""
        if self.local.is_dir():
            raise InvalidInput(f"{self.local} is a folder. Name a file in it.")
        if not self.local.parent.is_dir():
            raise InvalidInput(
                f"There is no folder {self.local.parent} to put {self.local.name} in. "
                "Make it first."
            )

    def publish(self, has_rejects: bool, is_parquet: bool, is_written: bool = False) -> None:
        """Give the files, which are on the disk and whole, their names; the output last.

        `is_written`: Parquet is, so that it need not be made from the streams any more. Can be
        called again where a call was cut off.
        """
        finished = self.partial
        if is_parquet:
            finished = self.parquet
            if not is_written:
                write_parquet(self.partial, finished)
            sync(finished)
        if has_rejects and self.partial_rejects.exists():
            self._put(self.partial_rejects, self.rejects)
        if not has_rejects and not self.is_remote:
            Path(self.rejects).unlink(missing_ok=True)  # of an earlier run
        self._put(finished, self.target)
        self.partial.unlink(missing_ok=True)
        self.partial_rejects.unlink(missing_ok=True)
        sync(self.local.parent)

    def _put(self, finished: Path, target: str) -> None:
        if self.is_remote:
            remote.upload(str(finished), target)
            finished.unlink()
        else:
            finished.replace(target)

    def discard(self) -> None:
        """Remove what is unfinished."""
        for path in (self.journal, self.partial, self.partial_rejects, self.parquet):
            path.unlink(missing_ok=True)


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


def _is_same(one: str | Path, other: str | Path) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is not there yet
        return os.path.realpath(one) == os.path.realpath(other)


def open_at(path: Path, size: int) -> IO[bytes]:
    """Open to append behind the first `size` bytes; what is there beyond them is cut off.

    Raises InvalidInput where there are fewer.
    """
    file = path.open("r+b" if size else "w+b")
    if file.seek(0, 2) < size:
        file.close()
        raise InvalidInput(
            f"{path} is shorter than its journal says. Start over with --restart, or write to "
            "another file."
        )
    file.truncate(size)
    file.seek(size)
    return file
