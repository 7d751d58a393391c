"""How many bytes each row of an Arrow batch takes, and batches cut by that.

Sizes follow from the values alone, not from how they are stored: a text of a dictionary counts as
often as rows have it. So rows are cut at the same places, whatever batches they are read in.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.files.arrow import pyarrow, stream

if TYPE_CHECKING:
    import pyarrow as pa

_LENGTH = 4
"""Bytes that the length of a text or list takes."""


class Piece(NamedTuple):
    """Rows that follow each other, and their size in bytes."""

    batch: "pa.RecordBatch"
    size: int


def cut(batches: Iterable["pa.RecordBatch"], most_rows: int, most_bytes: int) -> Iterator[Piece]:
    """Yield all rows in pieces of `most_rows`, or fewer where those exceed `most_bytes`.

    A row that exceeds them alone is a piece of its own.
    """
    held: list[Piece] = []
    for batch in batches:
        begin, ends = 0, np.cumsum(row_sizes(batch))
        while begin < batch.num_rows:
            rows = most_rows - sum(piece.batch.num_rows for piece in held)
            size = most_bytes - sum(piece.size for piece in held)
            done = int(ends[begin - 1]) if begin else 0
            fitting = int(np.searchsorted(ends, done + size, side="right")) - begin
            count = min(rows, fitting, batch.num_rows - begin)
            if count or not held:
                count = max(count, 1)
                held.append(Piece(batch.slice(begin, count), int(ends[begin + count - 1]) - done))
                begin += count
            if begin < batch.num_rows or count == rows:
                yield _joined(held)
                held = []
        if held:  # the last one is of this batch
            held.append(_copy(held.pop()))
    if held:
        yield _joined(held)


def _joined(pieces: list[Piece]) -> Piece:
    batches, size = [piece.batch for piece in pieces], sum(piece.size for piece in pieces)
    batch = batches[0] if len(batches) == 1 else pyarrow().concat_batches(batches)
    for place, column in enumerate(batch.columns):
        if pyarrow().types.is_dictionary(column.type) and column.dictionary.nbytes > 2 * size:
            batch = batch.set_column(place, batch.schema.field(place), _with_own_values(column))
    return Piece(batch, size)


def _with_own_values(column: Any) -> Any:
    """A column with those values of its dictionary alone that it has, in their order."""
    from pyarrow import compute

    pa, indices = pyarrow(), column.indices
    used = indices.drop_null().unique().sort()
    places = compute.index_in(indices, value_set=used).cast(indices.type)
    values = column.dictionary.take(used)
    return pa.DictionaryArray.from_arrays(places, values, ordered=column.type.ordered)


def _copy(piece: Piece) -> Piece:
    """The same rows, which do not keep alive the larger batch that they are a slice of."""
    return Piece(pyarrow().ipc.open_stream(stream(piece.batch)).read_next_batch(), piece.size)


def row_sizes(batch: "pa.RecordBatch") -> NDArray[np.int64]:
    """Bytes of each row, of shape (rows,)."""
    total = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        total += _sizes(column)
    return total


def _sizes(array: Any) -> NDArray[np.int64]:
    """Bytes of each value, at least one."""
    pa, kind = pyarrow(), array.type
    if (width := _fixed_width(kind)) is not None:
        return np.full(len(array), width, np.int64)
    if isinstance(kind, pa.BaseExtensionType):
        return _sizes(array.storage)
    if pa.types.is_dictionary(kind):
        return _sizes_by_index(array)
    if pa.types.is_struct(kind):
        return sum(map(_sizes, array.flatten()), np.ones(len(array), np.int64))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return _sizes_by_offset(array, array.offsets.to_numpy())
    if pa.types.is_fixed_size_list(kind):
        ends = np.arange(array.offset, array.offset + len(array) + 1) * kind.list_size
        return _sizes_by_offset(array, ends)
    return _lengths(array) + _LENGTH


def _fixed_width(kind: Any) -> int | None:
    pa = pyarrow()
    if pa.types.is_null(kind):
        return 1
    if pa.types.is_dictionary(kind) or pa.types.is_fixed_size_list(kind):
        return None
    try:
        return max(int(kind.bit_width) // 8, 1)
    except ValueError:
        return None


def _sizes_by_index(array: Any) -> NDArray[np.int64]:
    sizes = np.append(_sizes(array.dictionary), 1)  # the last one is that of null
    indices: NDArray[np.int64] = array.indices.cast("int64").fill_null(len(sizes) - 1).to_numpy()
    return sizes[indices]


def _sizes_by_offset(array: Any, places: NDArray[Any]) -> NDArray[np.int64]:
    offsets: NDArray[np.int64] = places.astype(np.int64)
    values = array.values if not pyarrow().types.is_map(array.type) else _pairs(array)
    if (width := _fixed_width(values.type)) is not None:
        return np.diff(offsets) * width + _LENGTH
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(_sizes(values))])
    return np.diff(sums[offsets]) + _LENGTH


def _pairs(array: Any) -> Any:
    return pyarrow().StructArray.from_arrays([array.keys, array.items], ["key", "value"])


def _lengths(array: Any) -> NDArray[np.int64]:
    """Bytes of each text, from where they end; pyarrow.compute would take 40 MB to be imported."""
    types, kind = pyarrow().types, array.type
    is_large = types.is_large_string(kind) or types.is_large_binary(kind)
    if not (is_large or types.is_string(kind) or types.is_binary(kind)):  # a view: on the average
        return np.full(len(array), -(-array.nbytes // max(len(array), 1)), np.int64)
    if not len(array):
        return np.zeros(0, np.int64)
    ends = np.frombuffer(array.buffers()[1], np.int64 if is_large else np.int32)
    return np.diff(ends[array.offset : array.offset + len(array) + 1]).astype(np.int64)
