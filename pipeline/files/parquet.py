"""Reading Parquet in batches of rows, every type kept."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from pipeline.errors import InvalidInput
from pipeline.files.arrow import pyarrow, pyarrow_parquet, stream
from pipeline.files.chunks import Chunk, Position
from pipeline.files.columns import text_column
from pipeline.files.formats import PARQUET
from pipeline.files.json_values import json_value
from pipeline.files.layouts import Layout, ReadSettings
from pipeline.files.records import MISSING_TEXT, ArrowRecords, Parsed, Reject
from pipeline.files.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

BYTES_A_ROW = 128
"""By which a chunk's size in bytes becomes one in rows."""


def open_parquet(stored: IO[bytes], source: Source) -> Any:
    """The Parquet file in these bytes; InvalidInput if it is none."""
    pa = pyarrow()
    try:
        return pyarrow_parquet().ParquetFile(stored, pre_buffer=False, buffer_size=2**20)
    except pa.ArrowInvalid as error:
        raise InvalidInput(f"{source.name} is no Parquet file ({error}). Get it anew.") from None


def parquet_layout(file: Any, packed: Layout, settings: ReadSettings) -> Layout:
    """`packed` with the columns, and which holds the reviews; raises InvalidInput without one."""
    types = pyarrow().types
    schema = file.schema_arrow
    column = text_column(schema.names, settings.column, packed.name)
    settings.check_names(schema.names, packed.name)
    kind = schema.field(column).type
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
        raise InvalidInput(
            f"{packed.name}: the column {column} holds {kind}, not texts. Name the one that holds "
            "the reviews with --column."
        )
    return replace(packed, format=PARQUET, columns=tuple(schema.names), text_column=column)


def parquet_chunks(file: Any, layout: Layout, start: Position, size: int) -> Iterator[Chunk]:
    """Yield chunks of about `size` bytes from `start`, which is where one began before.

    A row group is cut into equal ones: small remainders would cost as much as they are many.
    """
    place = start._replace(offset=0, line=1)
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if place.offset + rows <= start.offset:
            place = place.moved(rows, rows)
            continue
        pieces = max(round(rows * BYTES_A_ROW / size), 1)
        batches = file.iter_batches(-(-rows // pieces), row_groups=[group], use_threads=False)
        for batch in batches:
            end = place.moved(batch.num_rows, batch.num_rows)
            if place.offset >= start.offset:
                yield Chunk(layout, stream(batch), place, end)
            place = end


def parse(chunk: Chunk) -> Parsed:
    """Rows and rejects of a chunk of Parquet: a row whose review is null has none."""
    pa = pyarrow()
    batch = pa.ipc.open_stream(chunk.content).read_next_batch()
    texts = batch.column(chunk.layout.text_column).to_pylist()
    rejects = []
    if None in texts:
        missing = [row for row, text in enumerate(texts) if text is None]
        rejects = [_reject(chunk, batch, row) for row in missing]
        texts = [text for text in texts if text is not None]
        batch = batch.filter(batch.column(chunk.layout.text_column).is_valid())
    return Parsed(texts, ArrowRecords(batch), rejects)


def _reject(chunk: Chunk, batch: "pa.RecordBatch", row: int) -> Reject:
    content = json.dumps(batch.slice(row, 1).to_pylist()[0], ensure_ascii=False, default=json_value)
    line = chunk.start.line + row
    return Reject(chunk.layout.name, line, None, MISSING_TEXT, content)
