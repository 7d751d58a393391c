"""pyarrow, which is an extra, and batches of rows as Arrow IPC streams."""

import os
from typing import TYPE_CHECKING, Any

from pipeline.errors import ResourceUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

MOST_LEVELS = 45
"""Lists and objects in each other. Parquet's readers admit 100 levels, and a list takes two."""


def pyarrow() -> Any:
    """The module; ResourceUnavailable, with what to install, where it is not there."""
    # Memory that is given back at once is what a limit on it can be set for.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        import pyarrow
    except ImportError:
        raise ResourceUnavailable(
            "Parquet needs pyarrow. Install the extra: pip install 'sentiment-toolkit[parquet]'."
        ) from None
    return pyarrow


def pyarrow_parquet() -> Any:
    """The module that reads and writes Parquet, which scoring alone does not need."""
    pyarrow()
    from pyarrow import parquet

    return parquet


def stream(batch: "pa.RecordBatch") -> bytes:
    """One batch as an IPC stream."""
    pa = pyarrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def levels(kind: Any) -> int:
    """How many lists and objects are in each other in values of this type."""
    return 1 + max(map(levels, _members(kind)), default=0) if pyarrow().types.is_nested(kind) else 0


def has_empty_object(kind: Any) -> bool:
    """Whether there are objects without members in values of this type."""
    members = _members(kind)
    is_empty = pyarrow().types.is_struct(kind) and not members
    return is_empty or any(map(has_empty_object, members))


def _members(kind: Any) -> list[Any]:
    return [kind.field(number).type for number in range(kind.num_fields)]
