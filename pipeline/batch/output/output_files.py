"""The files that an output has while it is made, and how they become the finished ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from pipeline.batch.output.parquet_writing import write_parquet
from pipeline.durability import sync, unfinished
from pipeline.errors import InvalidInput
from pipeline.files import remote
from pipeline.files.same_files import refuse_without_folder
from pipeline.own_files import check_own, check_replaceable, create, discard_own, put, reopen
from pipeline.targets import followed, is_stream


@dataclass(frozen=True)
class OutputFiles:
    """Files of the output `target`: a path, or an address, made in the working folder first.

    Beside scored.csv stand scored.csv.partial, scored.csv.journal and scored.csv.lock until it is
    whole, and scored.csv.rejects.jsonl if there are rejects. If scored.csv is a link, they stand
    beside the file that it leads to.
    """

    target: str

    @cached_property
    def local(self) -> Path:
        """Where it is made."""
        if self.is_remote:
            return Path(self.target.rpartition("/")[2])
        return followed(Path(self.target))

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
        return f"{self.target if self.is_remote else self.local}.rejects.jsonl"

    @cached_property
    def parquet(self) -> Path:
        """Parquet before it gets its name."""
        return self._beside(".partial.parquet")

    def _beside(self, suffix: str) -> Path:
        return self.local.with_name(self.local.name + suffix)

    def all_local(self) -> list[Path]:
        """Every file of this machine that a run may write, replace or remove."""
        return [*self._finished(), *self._unfinished(), self.lock]

    def _finished(self) -> list[Path]:
        return [] if self.is_remote else [self.local, Path(self.rejects)]

    def _unfinished(self) -> list[Path]:
        parts = [self.journal, self.partial, self.partial_rejects, self.parquet]
        return [*parts, unfinished(self.journal)]

    def check(self) -> None:
        """Raise InvalidInput if the output cannot be put there, or if what is there is not ours."""
        self.check_folder()
        for path in self._finished():
            check_replaceable(path)
        for path in (*self._unfinished(), self.lock):
            check_own(path)

    def check_folder(self) -> None:
        """Raise InvalidInput if there is no folder to put the output in, or one of its name."""
        if self.local.is_dir():
            raise InvalidInput(f"{self.local} is a folder. Name a file in it.")
        refuse_without_folder(self.local)

    def publish(self, has_rejects: bool, is_parquet: bool, is_written: bool = False) -> None:
        """Give the files, which are on the disk and whole, their names; the output last.

        `is_written`: Parquet is, so that it need not be made from the streams any more. Can be
        called again where a call was cut off.
        """
        finished = self.partial
        if is_parquet:
            finished = self.parquet
            if not is_written:
                with self.create(finished) as file:
                    write_parquet(self.partial, file)
            sync(finished)
        if has_rejects and self.partial_rejects.exists():
            self._put(self.partial_rejects, self.rejects)
        if not has_rejects and not self.is_remote:
            Path(self.rejects).unlink(missing_ok=True)  # of an earlier run
        self._put(finished, self.target if self.is_remote else str(self.local))
        self.partial.unlink(missing_ok=True)
        self.partial_rejects.unlink(missing_ok=True)
        sync(self.local.parent)

    def _put(self, finished: Path, target: str) -> None:
        if self.is_remote:
            remote.upload(str(finished), target)
            finished.unlink()
        else:
            put(finished, Path(target), like=self._model(finished))

    def create(self, path: Path) -> IO[bytes]:
        """Make one of the unfinished files, with the permissions of what it will replace."""
        return create(path, self._model(path))

    def _model(self, path: Path) -> Path:
        """Whose permissions it gets: those of the rejects, if there are some, else the output's."""
        rejects = Path(self.rejects)
        return rejects if path == self.partial_rejects and rejects.exists() else self.local

    def open_at(self, path: Path, size: int) -> IO[bytes]:
        """Open to append behind the first `size` bytes; what is there beyond them is cut off.

        Raises InvalidInput where there are fewer, or where the file is not ours.
        """
        if not size:
            return self.create(path)
        file = reopen(path)
        if file.seek(0, 2) < size:
            file.close()
            raise InvalidInput(
                f"{path} is shorter than its journal says. Start over with --restart, or write to "
                "another file."
            )
        file.truncate(size)
        file.seek(size)
        return file

    @contextmanager
    def discarded_on_failure(self, *hopeless: type[BaseException]) -> Iterator[None]:
        """If the body fails and no journal lets a run go on, remove what is written.

        After `hopeless` errors, it is removed even so.
        """
        try:
            yield
        except BaseException as error:
            if isinstance(error, hopeless) or not self.journal.exists():
                self.discard()
            elif isinstance(error, KeyboardInterrupt):
                error.add_note("What is written stays: the same command goes on from there.")
            raise

    def discard(self) -> None:
        """Remove what is unfinished."""
        for path in self._unfinished():
            discard_own(path)


def is_written_as_stream(target: str | None) -> bool:
    """Whether this output is standard output (None), or a pipe or device that is written to so."""
    return target is None or (not remote.is_remote(target) and is_stream(Path(target)))
