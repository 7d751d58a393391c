"""Pickles put together opcode by opcode."""

import io
import pickle
import pickletools
from typing import Any

import joblib


def program(*parts: bytes, protocol: int = 4) -> bytes:
    """A whole pickle."""
    return b"".join([pickle.PROTO, bytes([protocol]), *parts, pickle.STOP])


def value(item: Any) -> bytes:
    """Instructions that push a built-in value, without memo."""
    return pickletools.optimize(pickle.dumps(item, 3))[2:-1]


def name(module: str, attribute: str) -> bytes:
    """Push what `module.attribute` is."""
    return text(module) + text(attribute) + pickle.STACK_GLOBAL


def text(item: str) -> bytes:
    """Push a string."""
    content = item.encode()
    return pickle.BINUNICODE + len(content).to_bytes(4, "little") + content


def sequence(*parts: bytes) -> bytes:
    """Push a tuple of what the parts push."""
    return pickle.MARK + b"".join(parts) + pickle.TUPLE


def mapping(items: dict[str, bytes]) -> bytes:
    """Push a dict of what the parts push."""
    pairs = b"".join(text(key) + part for key, part in items.items())
    return pickle.EMPTY_DICT + pickle.MARK + pairs + pickle.SETITEMS


def call(module: str, attribute: str, *arguments: Any) -> bytes:
    """A whole pickle that calls `module.attribute(*arguments)`."""
    return program(name(module, attribute), value(arguments), pickle.REDUCE)


def dtype(code: Any = "i2", state: Any = (3, "<", None, None, None, -1, -1, 0)) -> bytes:
    """Push a dtype as joblib writes it."""
    made = name("numpy", "dtype") + value((code, False, True)) + pickle.REDUCE
    return made if state is None else made + value(state) + pickle.BUILD


def array(content: bytes = b"\1\0" * 4, padding: bytes = b"\0", **changes: bytes) -> bytes:
    """Push an array of four int16 as joblib writes it; `changes` replace what its state holds."""
    state = {
        "subclass": name("numpy", "ndarray"),
        "shape": value((4,)),
        "order": text("C"),
        "dtype": dtype(),
        "allow_mmap": pickle.NEWTRUE,
        "numpy_array_alignment_bytes": value(16),
    } | changes
    wrapper = name("joblib.numpy_pickle", "NumpyArrayWrapper") + pickle.EMPTY_TUPLE + pickle.NEWOBJ
    return wrapper + mapping(state) + pickle.BUILD + padding + content


def model(**changes: bytes) -> bytes:
    """A whole pickle of parameters that fit one table of 7 bits, but for the changes."""
    small = dtype("i1", (3, "|", None, None, None, -1, -1, 0))
    weights = array(content=bytes(129), shape=value((129,)), dtype=small)
    numbers = {"scale": value(1.0), "intercept": value(0.0), "tail": value(1.0)}
    return program(mapping({"weights": weights} | numbers | changes))


def dumped(item: object, **options: Any) -> bytes:
    """What joblib writes."""
    file = io.BytesIO()
    joblib.dump(item, file, **options)
    return file.getvalue()
