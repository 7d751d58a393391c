"""A column of each kind that Parquet can hold, with values that Python or JSON has not."""

from typing import Any

import numpy as np


def arrow_kinds() -> dict[str, Any]:
    """Arrow arrays of two values, by name."""
    import pyarrow as pa

    whole = lambda kind, *counts: pa.array(counts, pa.int64()).cast(kind)  # noqa: E731
    two = pa.array([0, 1, 2], pa.int32())
    late = whole(pa.timestamp("us"), 2**62, -(2**62))
    return {
        "year 10000": whole(pa.timestamp("s"), 253402300800, 0),
        "year -1200": whole(pa.timestamp("s"), -100000000000, None),
        "far away": late,
        "far away in UTC": whole(pa.timestamp("us", "UTC"), 2**62, 0),
        "unknown zone": whole(pa.timestamp("us", "Mars/Olympus"), 1, None),
        "impossible zone": whole(pa.timestamp("us", "+25:00"), 1, 0),
        "nanoseconds": whole(pa.timestamp("ns"), 1, 2000),
        "nanoseconds in a list": pa.ListArray.from_arrays(two, whole(pa.timestamp("ns"), 1, 2000)),
        "long duration": whole(pa.duration("ms"), 2**62, 5),
        "fine duration": whole(pa.duration("ns"), 2**62, 5),
        "far date": pa.array([2**30, -(2**30)], pa.int32()).cast(pa.date32()),
        "fine time": whole(pa.time64("ns"), 1, 86399 * 10**9 + 1),
        "decimal": pa.array([None, 1], pa.decimal256(76, 2)),
        "half": pa.array(np.array([1.5, np.nan], np.float16)),
        "list": pa.array([[1.0, float("nan")], [float("-inf")]]),
        "object": pa.array([{"a": float("nan"), "b": b"\xff"}, None]),
        "map": pa.array([[("a", float("nan"))], [("a", 1.0), ("a", 2.0)]], _map(pa)),
        "list of two": pa.array([[1, 2], [3, float("nan")]], pa.list_(pa.float32(), 2)),
        "list of far times": pa.ListArray.from_arrays(two, late),
        "object of one name twice": pa.StructArray.from_arrays([two[1:], two[1:]], ["k", "k"]),
        "bytes": pa.array([b"abc", b"\xff\0\1"], pa.binary(3)),
        "null": pa.nulls(2),
        "category": pa.array(["a", None]).dictionary_encode(),
        "uuid": pa.array([b"a" * 16, None], pa.uuid()),
        "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', "x"])),
        "large": pa.array(["a", None], pa.large_string()),
        "boolean": pa.array([True, None]),
    }


def _map(pa: Any) -> Any:
    return pa.map_(pa.string(), pa.float64())


def not_utf8() -> Any:
    """Two texts, the second of which is not UTF-8."""
    import pyarrow as pa

    ends = pa.py_buffer(np.array([0, 2, 4], np.int32))
    return pa.Array.from_buffers(pa.string(), 2, [None, ends, pa.py_buffer(b"ok\xff\xfe")])
