"""Rows out of Parquet in an amount of memory that is known.

A small file may hold much: a text that a million rows share, or a page of zeros. What a step of
reading takes is seen only when it is taken, and may not be believed before. So each step runs
under a limit, and where that is not enough the rows are read again fewer at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.errors import InvalidInput
from pipeline.files.arrow import pyarrow
from pipeline.files.memory_limit import READING_MEMORY, memory_limit

if TYPE_CHECKING:
    import pyarrow as pa

_FEWER = 16
"""How many times fewer rows are read at a time where memory was not enough."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Read Parquet under the limit; raises InvalidInput where the file is damaged.

    MemoryError is for the caller, as fewer rows may do.
    """
    try:
        with memory_limit(READING_MEMORY):
            yield
    except MemoryError:
        raise
    except (pyarrow().ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # it is the disk's
            raise
        reason = " ".join(str(error).split())
        raise InvalidInput(
            f"{name} is no Parquet file, or damaged ({reason}). Get it anew."
        ) from None


def too_large(name: str, what: str) -> InvalidInput:
    """The error where even the least that can be read at a time exceeds the limit."""
    return InvalidInput(
        f"{name}: {what} needs more than {READING_MEMORY // 2**20} MiB of memory to be read. Write "
        "the file anew with smaller pages and row groups, for example with "
        "pyarrow.parquet.write_table(table, path, row_group_size=10_000)."
    )


class RowReader:
    """Reads the row groups of an open Parquet file."""

    def __init__(self, file: Any, name: str) -> None:
        self.file = file
        self.name = name
        self.most: int | None = None

    def batches(self, group: int, rows: int) -> Iterator["pa.RecordBatch"]:
        """Yield a row group in batches of `rows`, or fewer where these take too much memory.

        Raises InvalidInput where a single row does, or where there are not as many rows as the file
        says.
        """
        done, size = 0, min(rows, self.most or rows)
        while True:
            try:
                for batch in self._read(group, size, done):
                    done += batch.num_rows
                    yield batch
                break
            except MemoryError:
                if size == 1:
                    raise too_large(self.name, f"row {done + 1} of row group {group + 1}") from None
                size = self.most = max(size // _FEWER, 1)
        if done != self.file.metadata.row_group(group).num_rows:
            raise InvalidInput(
                f"{self.name} is damaged: row group {group + 1} has {done} rows, not as many as it "
                "says. Get it anew."
            )

    def _read(self, group: int, rows: int, skipped: int) -> Iterator["pa.RecordBatch"]:
        """Batches of so many rows, without those before row `skipped`."""
        batches = self.file.iter_batches(rows, row_groups=[group], use_threads=False)
        place = 0
        while (batch := self._next(batches)) is not None:
            behind = batch.slice(max(skipped - place, 0))
            place += batch.num_rows
            if behind.num_rows:
                yield behind

    def _next(self, batches: Iterator["pa.RecordBatch"]) -> "pa.RecordBatch | None":
        with reading(self.name):
            return next(batches, None)
