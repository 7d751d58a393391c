"""Reading Parquet in batches of rows, every type kept."""

from collections.abc import Iterator
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from pipeline.errors import InvalidInput
from pipeline.files.arrow import MOST_LEVELS, levels, pyarrow, pyarrow_parquet, stream
from pipeline.files.arrow_sizes import Piece, cut
from pipeline.files.arrow_values import values
from pipeline.files.chunks import LARGEST_RECORD, SHOWN, TOO_LONG, Chunk, Position
from pipeline.files.columns import text_column
from pipeline.files.formats import PARQUET
from pipeline.files.json_values import json_text
from pipeline.files.layouts import Layout, ReadSettings
from pipeline.files.parquet_rows import RowReader, reading, too_large
from pipeline.files.records import MISSING_TEXT, ArrowRecords, Parsed, Reject
from pipeline.files.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

BYTES_A_ROW = 128
"""By which a chunk's size in bytes becomes one in rows."""

LARGER = 4
"""How many times its size a chunk may have where its rows are longer than that."""


def open_parquet(stored: IO[bytes], source: Source) -> Any:
    """The Parquet file in these bytes; InvalidInput if it is none, or its index is too large."""
    try:
        with reading(source.name):
            file = pyarrow_parquet().ParquetFile(stored, pre_buffer=False, buffer_size=2**20)
            file.schema_arrow  # noqa: B018 - it is made when it is first asked for
            return file
    except MemoryError:
        raise too_large(source.name, "its index") from None


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
    deep = [field.name for field in schema if levels(field.type) > MOST_LEVELS]
    if deep:
        raise InvalidInput(
            f"{packed.name}: the values of {', '.join(deep)} have more than {MOST_LEVELS} lists "
            "and objects in each other. Leave the column out."
        )
    return replace(packed, format=PARQUET, columns=tuple(schema.names), text_column=column)


def parquet_chunks(file: Any, layout: Layout, start: Position, size: int) -> Iterator[Chunk]:
    """Yield chunks of about `size` bytes from `start`, which is where one began before.

    A row group is cut into pieces of equally many rows: small remainders would cost as much as they
    are many. Only where rows are long a piece is cut again.
    """
    place = start._replace(offset=0, line=1)
    reader = RowReader(file, layout.name)
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if place.offset + rows <= start.offset:
            place = place.moved(rows, rows)
            continue
        most = -(-rows // max(round(rows * BYTES_A_ROW / size), 1))
        for piece in cut(reader.batches(group, most), most, LARGER * size):
            end = place.moved(piece.batch.num_rows, piece.batch.num_rows)
            if place.offset >= start.offset:
                yield _chunk(layout, piece, place, end)
            place = end


def _chunk(layout: Layout, piece: Piece, start: Position, end: Position) -> Chunk:
    if piece.size <= LARGEST_RECORD:
        return Chunk(layout, stream(piece.batch), start, end)
    review = piece.batch.column(layout.text_column)[0]
    return Chunk(layout, _beginning(review), start, end, TOO_LONG)


def _beginning(text: Any) -> bytes:
    """The first bytes of a text, which may be so long that all of it costs time."""
    text = text.value if pyarrow().types.is_dictionary(text.type) else text
    content: bytes = text.as_buffer()[:SHOWN].to_pybytes() if text.is_valid else b""
    return content


def parse(chunk: Chunk) -> Parsed:
    """Rows and rejects of a chunk of Parquet.

    A row has none if its review is null, if one of its texts is not UTF-8, or if it is too long.
    """
    pa = pyarrow()
    if chunk.defect is not None:
        schema = pa.schema([(name, pa.null()) for name in chunk.layout.columns])
        reject = _reject(chunk, 0, chunk.defect, chunk.content.decode("utf-8", "ignore"))
        return Parsed([], ArrowRecords(pa.RecordBatch.from_pylist([], schema)), [reject])
    batch = pa.ipc.open_stream(chunk.content).read_next_batch()
    texts, reasons = values(batch.column(chunk.layout.text_column)), _damaged(batch)
    if None in texts:
        reasons |= {row: MISSING_TEXT for row, text in enumerate(texts) if text is None}
    if not reasons:
        return Parsed(texts, ArrowRecords(batch), [])
    rejects = [
        _reject(chunk, row, reasons[row], json_text(_object(batch, row))) for row in sorted(reasons)
    ]
    kept = [row not in reasons for row in range(batch.num_rows)]
    texts = [text for text, is_kept in zip(texts, kept, strict=True) if is_kept]
    return Parsed(texts, ArrowRecords(batch.filter(pa.array(kept))), rejects)


def _damaged(batch: "pa.RecordBatch") -> dict[int, str]:
    """Why rows with a text that is not UTF-8 cannot be read, by row."""
    try:
        batch.validate(full=True)
    except pyarrow().ArrowInvalid:
        found = ((row, _damage(batch.slice(row, 1))) for row in range(batch.num_rows))
        return {row: reason for row, reason in found if reason is not None}
    return {}


def _damage(row: "pa.RecordBatch") -> str | None:
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            column.to_pylist()
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            return f"byte {error.start + 1} of a text in {name!r}, {byte:#04x}, is not UTF-8"
        except (ValueError, OverflowError, pyarrow().ArrowException):
            continue  # a time that Python cannot hold
    return None


def _object(batch: "pa.RecordBatch", row: int) -> dict[str, Any]:
    columns = zip(batch.schema.names, batch.slice(row, 1).columns, strict=True)
    return {name: values(column)[0] for name, column in columns}


def _reject(chunk: Chunk, row: int, reason: str, content: str) -> Reject:
    return Reject(chunk.layout.name, chunk.start.line + row, None, reason, content)
