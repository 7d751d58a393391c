"""Parquet from Arrow IPC streams.

Streams can be appended to each other, so an unfinished output consists of them. Parquet cannot: its
footer, at the end, says where everything is. A run that nobody disturbs writes it along with the
streams; else it is written from all of them in the end, to the same bytes.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pipeline.batch.output.arrow_rows import CommonSchema
from pipeline.errors import InvalidInput
from pipeline.files.arrow import has_empty_object, pyarrow, pyarrow_parquet

ROW_GROUP = 65_536

ROW_GROUP_BYTES = 64 * 2**20
"""Of rows in memory, from which on fewer of them make a row group."""

DICTIONARY = 2**17
"""Bytes of a column's different values from which on it has no dictionary; reviews need none."""


class RowGroups:
    """A Parquet file in the making: row groups of ROW_GROUP rows, the last one of what is left.

    Long rows are fewer in a group, as all of it is in memory before it is written.
    """

    def __init__(self, file: IO[bytes], schema: Any) -> None:
        self.schema = schema
        _check(schema)
        parquet = pyarrow_parquet()
        self._writer = parquet.ParquetWriter(file, schema, dictionary_pagesize_limit=DICTIONARY)
        self._held: list[Any] = []

    def add(self, table: Any) -> None:
        """Write rows, as soon as there are enough of them; columns that they lack are null."""
        self._held.append(self._fitted(table))
        while sum(table.num_rows for table in self._held) >= ROW_GROUP:
            whole = pyarrow().concat_tables(self._held)
            self._write(whole.slice(0, ROW_GROUP))
            self._held = [whole.slice(ROW_GROUP)]
        if sum(table.nbytes for table in self._held) >= ROW_GROUP_BYTES:
            self._write(pyarrow().concat_tables(self._held))
            self._held = []

    def _write(self, table: Any) -> None:
        self._writer.write_table(table, row_group_size=ROW_GROUP)
        pyarrow().default_memory_pool().release_unused()  # what encoding took

    def _fitted(self, table: Any) -> Any:
        for name in self.schema.names:
            if name not in table.schema.names:
                nulls = pyarrow().nulls(table.num_rows, self.schema.field(name).type)
                table = table.append_column(name, nulls)
        return table.select(self.schema.names).cast(self.schema)

    def finish(self) -> None:
        """Write what is left, and the footer."""
        if any(table.num_rows for table in self._held):
            self._write(pyarrow().concat_tables(self._held))
        self.close()

    def close(self) -> None:
        """Give up, if it is not finished."""
        self._writer.close()


def _check(schema: Any) -> None:
    """Raise InvalidInput for what Parquet cannot hold: objects that have no keys in any row."""
    for field in schema:
        if has_empty_object(field.type):
            raise InvalidInput(
                f"{field.name!r} holds objects that have no keys in any row, which Parquet cannot "
                "hold. Write .jsonl instead."
            )


class EarlyParquet:
    """Parquet written along with the streams; of no use if these do not all have one schema."""

    def __init__(self, create: Callable[[], IO[bytes]]) -> None:
        self.create = create
        self.stored: IO[bytes] | None = None
        self.file: RowGroups | None = None
        self.fits = True

    def add(self, content: bytes) -> None:
        """Write the rows of the next stream."""
        reader = pyarrow().ipc.open_stream(content)
        if self.file is None and self.fits:
            self.fits = not any(has_empty_object(field.type) for field in reader.schema)
            if not self.fits:
                return
            self.stored = self.create()
            self.file = RowGroups(self.stored, reader.schema)
        self.fits = self.file is not None and self.fits and self.file.schema.equals(reader.schema)
        if self.file is not None and self.fits:
            self.file.add(reader.read_all())

    def finish(self) -> bool:
        """Return whether the file is whole now; if not, it is to be written from the streams."""
        if self.file is None or self.stored is None or not self.fits:
            return False
        self.file.finish()
        self.stored.close()
        return True

    def close(self) -> None:
        """Close the file, whatever it holds."""
        for file in (self.file, self.stored):
            # If it is not finished it is of no use, and the disk may be full.
            with suppress(OSError):
                if file is not None:
                    file.close()


def write_parquet(streams: Path, output: IO[bytes]) -> None:
    """Write Parquet from a file of IPC streams, one behind the other."""
    common = CommonSchema()
    for reader in _streams(streams):
        common.merge(reader.schema)
        for _ in reader:
            pass
    file = RowGroups(output, common.schema or pyarrow().schema([]))  # empty: there is not one row
    try:
        for reader in _streams(streams):
            file.add(reader.read_all())
        file.finish()
    finally:
        file.close()


def _streams(path: Path) -> Iterator[Any]:
    pa = pyarrow()
    size = path.stat().st_size
    with pa.OSFile(os.fsencode(path)) as file:
        while file.tell() < size:
            yield pa.ipc.open_stream(file)
