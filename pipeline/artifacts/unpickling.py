"""Reading joblib files that hold numpy arrays of numbers and built-in types, and nothing else.

A pickle is a program that names functions and calls them. The unpickler here has only the
instructions that joblib writes for such values, and no name leads to a function: the three names
that joblib writes for an array stand for the recipes below, which only take notes, and every other
name is refused. The array is then made from the notes, after they were checked.
"""

import io
import math
import pickle
from collections.abc import Callable, Collection, Iterable
from typing import Any

import joblib
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from pipeline.errors import ArtifactRefused

NUMBER_TYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})

_LARGEST_RANK = 32
_PLAIN = frozenset({type(None), bool, int, float, str, np.ndarray})
_CONTAINERS: dict[type, Callable[[Any], Iterable[object]]] = {
    dict: dict.values,
    list: iter,
    tuple: iter,
}
_INSTRUCTIONS = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK),
    *(pickle.MEMOIZE, pickle.BINGET, pickle.LONG_BINGET),
    *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BINFLOAT),
    *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
    *(pickle.SHORT_BINUNICODE, pickle.BINUNICODE),
    *(pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.TUPLE),
    *(pickle.STACK_GLOBAL, pickle.NEWOBJ, pickle.REDUCE, pickle.BUILD),
)


class _NdarrayRecipe:
    """Stands for numpy.ndarray, which a joblib file names and never calls."""


class _DtypeRecipe:
    """Stands for numpy.dtype: notes the type code and the byte order."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: tuple[object, ...]) -> None:
        self.byte_order = state[1]

    def make(self) -> np.dtype[Any]:
        code, order = self.code, getattr(self, "byte_order", "|")
        if type(code) is not str or code not in NUMBER_TYPES or order not in ("<", "|"):
            raise ArtifactRefused("it holds an array of something else than plain numbers")
        return np.dtype(f"<{code}")


class _ArrayRecipe(NumpyArrayWrapper):  # type: ignore[misc]
    """Stands for joblib's wrapper of an array, whose bytes follow it in the file."""

    def __init__(self) -> None:
        """Take no arguments: joblib's pickles give none, and the notes come as state."""

    def __setstate__(self, state: dict[str, object]) -> None:
        wanted = ("shape", "order", "dtype", "numpy_array_alignment_bytes")
        self.__dict__.update({name: state[name] for name in wanted})

    def read(self, unpickler: NumpyUnpickler, _: bool) -> np.ndarray[Any, Any]:
        """Make the array. Its size is checked against the bytes left before any are copied."""
        file = unpickler.file_handle
        dtype = self.dtype.make()
        if self.order not in ("C", "F") or self.numpy_array_alignment_bytes != 16:
            raise ArtifactRefused("it holds an array in an unknown layout")
        if not _is_shape(self.shape):
            raise ArtifactRefused("it holds an array of an impossible shape")
        file.seek(int.from_bytes(file.read(1)), io.SEEK_CUR)
        content = file.read(math.prod(self.shape) * dtype.itemsize)
        return np.frombuffer(content, dtype=dtype).reshape(self.shape, order=self.order)


_RECIPES = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _ArrayRecipe,
    ("numpy", "ndarray"): _NdarrayRecipe,
    ("numpy", "dtype"): _DtypeRecipe,
}


class _RestrictedUnpickler(NumpyUnpickler):  # type: ignore[misc]
    """joblib's unpickler without a way to name, import or call anything."""

    def find_class(self, module: str, name: str) -> type:
        try:
            return _RECIPES[module, name]
        except KeyError:
            called = ascii(f"{module:.80}.{name:.80}")
            raise ArtifactRefused(f"it names {called}, which no sealed artifact does") from None

    def load_build(self) -> None:
        """Give notes to a recipe; any other object would store them as attributes."""
        if type(self.stack[-2]) not in (_DtypeRecipe, _ArrayRecipe):
            raise ArtifactRefused("it gives a state to an object that takes none")
        super().load_build()

    def load_setitem(self) -> None:
        _check_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        _check_keys(self.stack[::2])
        super().load_setitems()

    dispatch = {  # noqa: RUF012 - the base class has it so
        **{code[0]: NumpyUnpickler.dispatch[code[0]] for code in _INSTRUCTIONS},
        pickle.BUILD[0]: load_build,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
    }


def dump_numbers(value: object) -> bytes:
    """Uncompressed joblib bytes of built-in values and numeric arrays, for `load_numbers`."""
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def load_numbers(content: bytes) -> object:
    """Return what uncompressed joblib bytes hold: built-in values and numeric arrays (read-only).

    Raises ArtifactRefused for anything else, whatever the bytes are; none of their code is run.
    """
    unpickler = _RestrictedUnpickler("", io.BytesIO(content), ensure_native_byte_order=False)
    try:
        value: object = unpickler.load()
        rest = unpickler.read(1)
    except ArtifactRefused:
        raise
    except Exception as error:
        raise ArtifactRefused(f"it is no readable joblib file ({type(error).__name__})") from None
    if rest:
        raise ArtifactRefused("it has bytes after its end")
    _check_plain(value)
    return value


def _is_shape(shape: object) -> bool:
    """Whether it is a tuple of at most 32 sizes, each small enough to be multiplied quickly."""
    if not isinstance(shape, tuple) or len(shape) > _LARGEST_RANK:
        return False
    return all(type(size) is int and 0 <= size < 2**63 for size in shape)


def _check_keys(keys: Collection[object]) -> None:
    """Allow strings as keys of a dict only: hashing nested tuples can take exponential time."""
    if not all(type(key) is str for key in keys):
        raise ArtifactRefused("it holds a dict whose keys are not strings")


def _check_plain(root: object) -> None:
    """Refuse values that still hold a recipe.

    A list may be in several others, or in itself, so each is looked at once.
    """
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if type(value) in _CONTAINERS:
            if id(value) not in seen:
                seen.add(id(value))
                waiting.extend(_CONTAINERS[type(value)](value))
        elif type(value) not in _PLAIN:
            raise ArtifactRefused("it holds something else than numbers, strings and arrays")
