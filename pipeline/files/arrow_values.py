"""Values of Arrow as Python has them, also those that Python's own types cannot hold."""

from typing import TYPE_CHECKING, Any

from pipeline.files.arrow import pyarrow

if TYPE_CHECKING:
    import pyarrow as pa


def values(array: "pa.Array") -> list[Any]:
    r"""The values of an array, in order, None for null.

    Times are texts in ISO 8601 where Python has no such time: beyond the years 1 to 9999, finer
    than a microsecond, or in a time zone that is not known here (then in UTC). What is not UTF-8 in
    a text stands in it as \xff.
    """
    try:
        return _as_python(array)
    except (ValueError, OverflowError, pyarrow().ArrowException):
        return [_value(scalar) for scalar in array]


def _as_python(array: Any) -> list[Any]:
    """The values; raises ValueError for nanoseconds, which become pandas' where that is there."""
    if "[ns" in str(array.type):
        raise ValueError
    found: list[Any] = array.to_pylist()
    return found


def _value(scalar: Any) -> Any:
    pa = pyarrow()
    kind, types = scalar.type, pa.types
    if not scalar.is_valid:
        return None
    if isinstance(kind, pa.BaseExtensionType) or types.is_dictionary(kind):
        return _value(scalar.value)
    if types.is_struct(kind):
        return _object([(field.name, _value(scalar[n])) for n, field in enumerate(kind)])
    if types.is_map(kind):
        return [[_value(pair[0]), _value(pair[1])] for pair in scalar.values]
    if types.is_nested(kind):
        return [_value(one) for one in scalar.values]
    if types.is_temporal(kind):
        return _time(scalar, kind)
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes().decode("utf-8", "backslashreplace")


def _object(members: list[tuple[str, Any]]) -> Any:
    """An object; where two members have one name, pairs, so that none is lost."""
    made = dict(members)
    return made if len(made) == len(members) else [list(member) for member in members]


def _time(scalar: Any, kind: Any) -> Any:
    """A time as Python has it, else as a text; NumPy's reach further than Python's."""
    pa, count = pyarrow(), scalar.value
    unit: Any = getattr(kind, "unit", "D")
    try:
        return _in_microseconds(scalar, kind).as_py() if unit == "ns" else scalar.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        import numpy as np

        if pa.types.is_duration(kind):
            return str(np.timedelta64(count, unit))
        text = str(np.datetime64(count, "ms" if pa.types.is_date64(kind) else unit))
        if pa.types.is_time(kind):
            return text.partition("T")[2]
        return f"{text}+00:00" if getattr(kind, "tz", None) else text


def _in_microseconds(scalar: Any, kind: Any) -> Any:
    """The same time, which Python knows so; raises ArrowInvalid where it is finer."""
    pa = pyarrow()
    if pa.types.is_timestamp(kind):
        return scalar.cast(pa.timestamp("us", kind.tz))
    return scalar.cast(pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us"))
