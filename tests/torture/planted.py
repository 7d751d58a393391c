"""Loaders with a bug planted in each. The harnesses must find every one."""

import io
import pickle
from collections import ChainMap
from collections.abc import Callable
from pathlib import Path

from joblib.numpy_pickle import NumpyUnpickler

from pipeline.artifacts.manifest import Manifest, digest_of
from pipeline.artifacts.unpickling import _RestrictedUnpickler, load_numbers
from pipeline.artifacts.verification import MANIFEST, Artifact, Trust
from pipeline.errors import ArtifactRefused
from pipeline.handlers.fast import LinearHandler

LARGEST = 2**20


def load_unverified(folder: Path, _: Trust) -> LinearHandler:
    """Parse the manifest, but look at no digest and no signature."""
    plain = [path for path in folder.iterdir() if path.is_file()]
    files = {path.name: _beginning(path) for path in plain}
    manifest = Manifest.from_bytes(files[MANIFEST])
    handler = LinearHandler(folder)
    handler.load_model(Artifact(manifest, digest_of(files[MANIFEST]), files))
    return handler


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


def _joined(*tables: dict[int, object]) -> dict[int, object]:
    return dict(ChainMap(*reversed(tables)))


class _AnyNumpy(_RestrictedUnpickler):
    """Trusts all of numpy, which has functions that open files and run code."""

    def find_class(self, module: str, name: str) -> object:
        if module.split(".")[0] in ("numpy", "joblib"):
            return pickle._Unpickler.find_class(self, module, name)
        return super().find_class(module, name)


class _AnyState(_RestrictedUnpickler):
    """Gives a state to any object, as attributes."""

    dispatch = _joined(_RestrictedUnpickler.dispatch, {pickle.BUILD[0]: NumpyUnpickler.load_build})


class _AnyInstruction(_RestrictedUnpickler):
    """Knows every opcode of pickle."""

    dispatch = _joined(NumpyUnpickler.dispatch, _RestrictedUnpickler.dispatch)


def _loader(unpickler: type[NumpyUnpickler]) -> Callable[[bytes], object]:
    def load(content: bytes) -> object:
        try:
            return unpickler("", io.BytesIO(content), ensure_native_byte_order=False).load()
        except Exception as error:
            raise ArtifactRefused(type(error).__name__) from None

    return load


LOADERS: dict[str, Callable[[bytes], object]] = {
    "product": load_numbers,
    "any-numpy": _loader(_AnyNumpy),
    "any-state": _loader(_AnyState),
    "any-instruction": _loader(_AnyInstruction),
}
