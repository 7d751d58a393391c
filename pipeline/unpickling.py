"""Reading joblib files that hold numpy arrays of numbers and built-in types, and nothing else.

A pickle is a program that names functions and calls them. Here no name leads to a function: the
three that joblib writes for an array stand for the plain recipes below, which only take notes, and
every other name is refused. The array is then made from the notes, after they were checked.
"""

import io
import math
from typing import Any, NoReturn

import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from pipeline.errors import ArtifactRefused

NUMBER_TYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})


class _NdarrayRecipe:
    """Stands for numpy.ndarray, of which a joblib file names the class only."""


class _DtypeRecipe:
    """Stands for numpy.dtype: notes the type code and the byte order."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: tuple[object, ...]) -> None:
        self.byte_order = state[1]

    def make(self) -> np.dtype[Any]:
        if self.code not in NUMBER_TYPES or getattr(self, "byte_order", "|") not in ("<", "|"):
            raise ArtifactRefused(f"it holds an array of type {self.code!r}, not of plain numbers")
        return np.dtype(f"<{self.code}")


class _ArrayRecipe(NumpyArrayWrapper):  # type: ignore[misc]
    """Stands for joblib's wrapper of an array, whose bytes follow it in the file."""

    def __init__(self) -> None:
        """Take no arguments, as joblib's pickles give none; the notes come as state."""

    def __setstate__(self, state: dict[str, object]) -> None:
        wanted = ("shape", "order", "dtype", "numpy_array_alignment_bytes")
        self.__dict__.update({name: state[name] for name in wanted})

    def read(self, unpickler: NumpyUnpickler, _: bool) -> np.ndarray[Any, Any]:
        """Make the array. Its size is checked against the bytes left before any are copied."""
        file = unpickler.file_handle
        dtype = self.dtype.make()
        if self.order not in ("C", "F") or self.numpy_array_alignment_bytes != 16:
            raise ArtifactRefused("it holds an array in an unknown layout")
        if not isinstance(self.shape, tuple) or not all(
            type(n) is int and n >= 0 for n in self.shape
        ):
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
            raise ArtifactRefused(
                f"it names {module}.{name}, which no artifact of ours does"
            ) from None

    def get_extension(self, code: int) -> NoReturn:
        raise ArtifactRefused(f"it uses the pickle extension code {code}")

    def persistent_load(self, identifier: object) -> NoReturn:  # noqa: ARG002
        raise ArtifactRefused("it uses a persistent identifier")


def load_numbers(content: bytes) -> object:
    """Return what uncompressed joblib bytes hold: built-in values and numeric arrays (read-only).

    Raises ArtifactRefused for anything else, whatever the bytes are; runs none of their code.
    """
    try:
        return _RestrictedUnpickler("", io.BytesIO(content), ensure_native_byte_order=False).load()
    except ArtifactRefused:
        raise
    except Exception as error:
        raise ArtifactRefused(f"it is no readable joblib file ({type(error).__name__})") from None
