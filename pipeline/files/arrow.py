"""pyarrow, which is an extra, and batches of rows as Arrow IPC streams."""

from typing import TYPE_CHECKING, Any

from pipeline.errors import ResourceUnavailable

if TYPE_CHECKING:
    import pyarrow as pa


def pyarrow() -> Any:
    """The module; ResourceUnavailable, with what to install, where it is not there."""
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
