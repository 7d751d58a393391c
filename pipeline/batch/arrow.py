"""Rows as Arrow IPC streams, one a chunk, and Parquet written from them; pyarrow is an extra.

Streams can be appended to each other, so an unfinished output consists of them. Parquet cannot:
its footer, at the end, says where everything is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pipeline.batch.records import ArrowRecords, JsonRecords, Records
from pipeline.errors import InvalidInput, ResourceUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 131_072


def pyarrow() -> Any:
    """The module; ResourceUnavailable, with what to install, where it is not there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ResourceUnavailable(
            "Parquet needs pyarrow. Install the extra: pip install 'sentiment-toolkit[parquet]'."
        ) from None
    return pyarrow


def to_stream(records: Records, added: dict[str, NDArray[Any]]) -> bytes:
    """Rows with what is added to them as an IPC stream; InvalidInput where a column has no type."""
    pa = pyarrow()
    if isinstance(records, ArrowRecords):
        batch = records.batch
    else:
        names, columns = _columns(records)
        arrays = [_array(pa, name, column) for name, column in zip(names, columns, strict=True)]
        batch = pa.RecordBatch.from_arrays(arrays, names)
    for name, values in added.items():
        batch = batch.append_column(name, pa.array(values))
    return stream(batch)


def _columns(records: Records) -> tuple[tuple[str, ...], Any]:
    """Names and columns; keys that an object lacks are null."""
    if not isinstance(records, JsonRecords):
        return records.columns(), zip(*records.rows(), strict=True)
    names = tuple(dict.fromkeys(key for record in records.objects for key in record))
    return names, ([record.get(name) for record in records.objects] for name in names)


def _array(pa: Any, name: str, values: Any) -> "pa.Array":
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        raise _no_type(name) from None


def _no_type(name: str) -> InvalidInput:
    return InvalidInput(
        f"The values of {name!r} are not of one type, which Parquet needs. Write .jsonl instead."
    )


def stream(batch: "pa.RecordBatch") -> bytes:
    """One batch as an IPC stream."""
    pa = pyarrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


class CommonSchema:
    """The schema that all chunks of an output fit; whole numbers give way to fractions."""

    def __init__(self) -> None:
        self.schema: Any = None

    def add(self, content: bytes) -> None:
        """Take in the schema of a stream; raises InvalidInput if there is none for all."""
        pa = pyarrow()
        self.merge(pa.ipc.open_stream(content).schema)

    def merge(self, schema: Any) -> None:
        """Take in a schema."""
        pa = pyarrow()
        if self.schema is None or self.schema.equals(schema):
            self.schema = self.schema or schema
            return
        try:
            self.schema = pa.unify_schemas([self.schema, schema], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            pairs = ((name, self.schema, schema) for name in schema.names)
            raise _no_type(next(n for n, a, b in pairs if _differ(n, a, b))) from None


def _differ(name: str, one: Any, other: Any) -> bool:
    return name in one.names and one.field(name).type != other.field(name).type


def write_parquet(streams: Path, output: Path) -> None:
    """Write Parquet from IPC streams one behind the other, in row groups of ROW_GROUP rows."""
    pa = pyarrow()
    common = CommonSchema()
    for reader in _streams(streams):
        common.merge(reader.schema)
        for _ in reader:
            pass
    schema = common.schema or pa.schema([])  # not one row
    with pa.parquet.ParquetWriter(output, schema) as writer:
        for table in _row_groups(_batches(streams, schema)):
            writer.write_table(table, row_group_size=ROW_GROUP)


def _streams(path: Path) -> Iterator[Any]:
    pa = pyarrow()
    size = path.stat().st_size
    with pa.OSFile(str(path)) as file:
        while file.tell() < size:
            yield pa.ipc.open_stream(file)


def _batches(path: Path, schema: Any) -> Iterator[Any]:
    pa = pyarrow()
    for reader in _streams(path):
        table = reader.read_all()
        names = [name for name in schema.names if name not in table.schema.names]
        for name in names:
            table = table.append_column(name, pa.nulls(table.num_rows, schema.field(name).type))
        yield table.select(schema.names).cast(schema)


def _row_groups(tables: Iterator[Any]) -> Iterator[Any]:
    """Tables of ROW_GROUP rows, but for the last one."""
    pa = pyarrow()
    held, rows = [], 0
    for table in tables:
        held.append(table)
        rows += table.num_rows
        if rows >= ROW_GROUP:
            whole = pa.concat_tables(held)
            yield whole.slice(0, ROW_GROUP)
            held, rows = [whole.slice(ROW_GROUP)], rows - ROW_GROUP
    if rows:
        yield pa.concat_tables(held)
