"""Scored rows as Arrow IPC streams, one a chunk, and the schema common to them."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pipeline.errors import InvalidInput
from pipeline.files.arrow import MOST_LEVELS, levels, pyarrow, stream
from pipeline.files.records import ArrowRecords, JsonRecords, Records

if TYPE_CHECKING:
    import pyarrow as pa


def to_stream(records: Records, added: dict[str, NDArray[Any]]) -> bytes:
    """Rows with what is added to them as an IPC stream; InvalidInput where a column has no type."""
    pa = pyarrow()
    if isinstance(records, ArrowRecords):
        batch = records.batch
    else:
        names, columns = _columns(records)
        arrays = [_array(pa, name, column) for name, column in zip(names, columns, strict=True)]
        batch = pa.RecordBatch.from_arrays(arrays, _arrow_names(names))
    for name, values in added.items():
        batch = batch.append_column(_in_pairs(name), pa.array(values))
    for field in batch.schema:
        if levels(field.type) > MOST_LEVELS:
            raise InvalidInput(
                f"The values of {field.name!r} have more than {MOST_LEVELS} lists and objects in "
                "each other, which Parquet cannot hold. Write .jsonl instead."
            )
    return stream(batch)


def _columns(records: Records) -> tuple[tuple[str, ...], Any]:
    """Names and columns; keys that an object lacks are null."""
    if not isinstance(records, JsonRecords):
        return records.columns(), zip(*records.rows(), strict=True)
    names = tuple(dict.fromkeys(key for record in records.objects for key in record))
    return names, ([record.get(name) for record in records.objects] for name in names)


def _arrow_names(names: tuple[str, ...]) -> list[str]:
    """The names as Arrow can hold them; InvalidInput where two are one then."""
    found = [_in_pairs(name) for name in names]
    if len(set(found)) < len(found):
        raise InvalidInput(
            "Two columns have the same name but for half surrogate pairs, which Parquet cannot "
            "hold. Write .jsonl instead."
        )
    return found


def _array(pa: Any, name: str, values: Any) -> "pa.Array":
    try:
        return pa.array(values)
    except UnicodeEncodeError:
        return _array(pa, name, [_in_pairs(value) for value in values])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        raise _no_type(name) from None


def _in_pairs(value: Any) -> Any:
    """A value without half surrogate pairs, which Arrow's texts cannot hold: each is U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_in_pairs(one) for one in value]
    if isinstance(value, dict):
        return {_in_pairs(key): _in_pairs(one) for key, one in value.items()}
    return value


def _no_type(name: str) -> InvalidInput:
    return InvalidInput(
        f"The values of {name!r} are not of one type, which Parquet needs. Write .jsonl instead."
    )


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
