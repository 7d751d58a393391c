"""Arrays of other things than numbers, of impossible shapes, and files of other formats."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tests.torture.assembly import (
    array,
    call,
    dtype,
    dumped,
    mapping,
    model,
    name,
    program,
    text,
    value,
)

BOMB = bytes(4_000_000)
TYPES: list[Any] = [
    object,
    "U5",
    "S5",
    "V8",
    "M8[s]",
    "m8[D]",
    "c8",
    "c16",
    ">i2",
    ">f8",
    [("a", "i4"), ("b", "O")],
    {"names": ["a"], "formats": ["i2"], "offsets": [7], "itemsize": 100},
    ("i2", (2, 2)),
    np.longdouble,
]
SHAPES: list[Any] = [
    (-1,),
    (-4,),
    (2**62,),
    (2**63,),
    (2**32, 2**32),
    (10**15,),
    (10**400,),
    (0, -1),
    (4.0,),
    (True,),
    (None,),
    ((4,),),
    ("4",),
    (4, 2),
    (3,),
    (),
    [4],
    4,
    "4",
    None,
    {4: 4},
    (1,) * 33,
    (1,) * 65,
    (4,) * 32,
]
STATES: list[Any] = [
    (3, ">", None, None, None, -1, -1, 0),
    (3, "=", None, None, None, -1, -1, 0),
    (3, 1, None, None, None, -1, -1, 0),
    (3,),
    (),
    "<>",
    [3, ["<"]],
    {"byte_order": "<"},
    7,
]
CODES: list[Any] = ["O", "i3", "", "i2,i2", "M8", "2i2", ">i2", "i16", 7, None, b"i2", ["i2"]]
LAYOUTS: dict[str, list[Any]] = {
    "order": ["K", "A", "", 1, None, ["C"], "CC"],
    "numpy_array_alignment_bytes": [0, -1, 8, None, "16", 2**70, [16]],
    "dtype": ["i2", None, 2, {"make": 1}, ["i2"]],
}


class _Estimator:
    """An object of a class of ours: joblib writes it by name."""


class _Touch:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.canary}",)


def hostile_arrays(canary: Path) -> dict[str, bytes]:
    """All arrays by name."""
    objects = np.array([_Touch(canary), 1], dtype=object)
    found = {"an object array that runs code": dumped({"weights": objects})}
    for kind in TYPES:
        zeros = np.zeros(129, dtype=kind)
        found[f"array of {kind}"] = dumped({"weights": zeros, "scale": 1.0, "intercept": 0.0})
    for shape in SHAPES:
        found[f"shape {shape!r:.20}"] = model(weights=array(shape=value(shape)))
    for state in STATES:
        found[f"dtype state {state!r}"] = model(weights=_weights(dtype=dtype(state=state)))
    for code in CODES:
        found[f"type code {code!r}"] = model(weights=_weights(dtype=dtype(code)))
    for key, layouts in LAYOUTS.items():
        found |= {
            f"{key} {item!r}": model(weights=_weights(**{key: value(item)})) for item in layouts
        }
    return found | _others()


def _weights(content: bytes = bytes(258), **changes: bytes) -> bytes:
    return array(content, **({"shape": value((129,))} | changes))


def _others() -> dict[str, bytes]:
    make = name("numpy", "dtype")
    return {
        "a dtype without notes": model(weights=_weights(dtype=make + b")\x81")),
        "the class as dtype": model(weights=_weights(dtype=make)),
        "an array as dtype": model(weights=_weights(dtype=array())),
        "an array as order": model(weights=_weights(order=array())),
        "an array as alignment": model(weights=_weights(numpy_array_alignment_bytes=array())),
        "numpy.memmap": model(weights=_weights(subclass=name("numpy", "memmap"))),
        "numpy.matrix": model(weights=_weights(subclass=name("numpy", "matrix"))),
        "an array without a dtype": program(
            mapping({"weights": array()}).replace(text("dtype"), text("type"))
        ),
        "padding beyond the end": model(weights=_weights(b"", padding=b"\xff")),
        "an array of claims": model(weights=array(b"", shape=value((10**15,)))),
        "a truncated array": program(b"]", _weights(bytes(20))),
        "an array of which a part is missing": model(weights=_weights())[:-60],
        "an array given a state": model(
            weights=_weights() + value((1, (3,), "O", False, [])) + b"b"
        ),
        "an item of an array": model(weights=_weights() + text("0") + value(1) + b"s"),
        "an array called": model(weights=_weights() + b")R"),
        "a matrix of weights": model(weights=_weights(shape=value((43, 3)))),
        "weights and no shape": model(weights=array(b"\0\0", shape=value(()))),
        "weights of eight bits": model(weights=_weights(dtype=dtype("i1"))),
        "a last weight that is not 0": model(weights=_weights(bytes(256) + b"\1\0")),
        "arrays as scale and intercept": model(scale=array(), intercept=array()),
        "an array as a key": program(b"}", array(), value(1), b"s"),
        "no scale": model(scale=b"N"),
        "a huge scale": model(scale=value(1e308)),
        "an infinite scale": model(scale=value(float("inf"))),
        "no number as intercept": model(intercept=value(float("nan"))),
        "a whole number of 400 digits": model(scale=value(10**400)),
        "a text as intercept": model(intercept=value("0")),
        "true as scale": model(scale=value(True)),
    }


def hostile_files(canary: Path) -> dict[str, bytes]:
    """Files that joblib, numpy or scikit-learn would load, by name."""
    estimator = name("sklearn.linear_model._logistic", "LogisticRegression") + b")\x81"
    numbers = {"weights": np.zeros(129, dtype="i2"), "scale": 1.0, "intercept": 0.0}
    found = {
        "a scikit-learn estimator": program(estimator, mapping({"coef_": array()}), b"b"),
        "an object of a class": dumped(_Estimator()),
        "code in a list": dumped([numbers, _Touch(canary)]),
        "a numpy number": dumped({**numbers, "scale": np.float64(1)}),
        "joblib 0.9": call("joblib.numpy_pickle", "NDArrayWrapper", "a_01.npy", None),
        "joblib 0.9, compressed": call(
            "joblib.numpy_pickle_compat", "ZNDArrayWrapper", "a", (), ()
        ),
        "a .npy file": _saved(np.save, numbers["weights"]),
        "a .npz file": _saved(np.savez, numbers["weights"]),
        "zlib bomb": zlib.compress(BOMB),
        "gzip bomb": gzip.compress(BOMB) * 250,
        "bz2 bomb": bz2.compress(BOMB, 1) * 250,
        "xz bomb": lzma.compress(BOMB, preset=0) * 250,
        "lzma bomb": lzma.compress(BOMB, lzma.FORMAT_ALONE, preset=0),
        "zip": _zipped(dumped(numbers)),
        "zlib of a joblib file": zlib.compress(dumped(numbers)),
        "old joblib's zlib file": b"ZF" + b"0x1                 " + zlib.compress(dumped(numbers)),
        "an empty lz4 frame": b"\x04\x22\x4d\x18" + bytes(20),
    }
    for kind in ("zlib", "gzip", "bz2", "lzma", "xz"):
        found[f"compress={kind}"] = dumped(numbers, compress=(kind, 3))
    return found | {f"protocol {n}": dumped([_Touch(canary)], protocol=n) for n in range(6)}


def _saved(save: Any, item: object) -> bytes:
    file = io.BytesIO()
    save(file, item)
    return file.getvalue()


def _zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.joblib", content)
    return file.getvalue()
