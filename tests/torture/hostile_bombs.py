"""Pickles that lie about lengths, or that grow when they are read, hashed or shown."""

import pickle
import struct

from tests.torture.assembly import array, dtype, mapping, model, program, sequence, text, value

PETABYTE = 10**15
DEEP = 50_000


def hostile_bombs() -> dict[str, bytes]:
    """All of them by name."""
    return _lies() | _growing() | _broken()


def _lies() -> dict[str, bytes]:
    """Instructions which claim more bytes than there are."""
    eight = struct.pack("<Q", PETABYTE)
    four = struct.pack("<I", 2**32 - 1)
    content = {
        "BYTEARRAY8": b"\x96" + eight,
        "BYTEARRAY8 of a gigabyte": b"\x96" + struct.pack("<Q", 10**9) + b"x",
        "BINBYTES8": b"\x8e" + eight,
        "BINUNICODE8": b"\x8d" + eight,
        "BINBYTES": b"B" + four,
        "BINUNICODE": b"X" + four,
        "BINSTRING, negative": b"T" + four,
        "SHORT_BINUNICODE": b"\x8c\xff",
        "LONG4": b"\x8b" + struct.pack("<i", 2**31 - 1),
        "LONG4, negative": b"\x8b" + four,
        "LONG1": b"\x8a\xff\x01",
        "FRAME of a petabyte": b"\x95" + eight,
        "FRAME beyond any size": b"\x95" + b"\xff" * 8,
        "FRAME too short": b"\x95" + struct.pack("<Q", 1) + value([1, 2, 3]),
        "FRAME in a frame": b"\x95"
        + struct.pack("<Q", 40)
        + b"\x95"
        + struct.pack("<Q", 20)
        + b"]",
        "PUT far away": b"]r" + four + b"p999999999999999999\n",
        "GET of nothing": b"h\x05",
        "LONG_BINGET of nothing": b"j" + four,
    }
    return {name: program(body, protocol=5) for name, body in content.items()}


def _growing() -> dict[str, bytes]:
    """Small files, of which much is made."""
    pairs = b")" + b"".join(b"\x94h" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(60))
    lists = b"]" + b"".join(b"\x94]h" + bytes([n]) + b"ah" + bytes([n]) + b"a" for n in range(60))
    huge = b"\x8a\xff" + b"\x7f" * 255
    return {
        "nested pairs": program(pairs),
        "nested pairs as a key": program(b"}", pairs, b"K\x01s"),
        "nested pairs as keys": program(b"}(", pairs, b"K\x01u"),
        "nested pairs in a set": program(b"\x8f(", pairs, b"\x90"),
        "nested pairs in a frozenset": program(b"(", pairs, b"\x91"),
        "nested pairs as a type code": program(
            mapping({"weights": array(dtype=dtype() + b"0")}).replace(text("i2"), pairs)
        ),
        "nested pairs as a shape": model(weights=array(shape=pairs)),
        "nested pairs as a weight": model(weights=pairs),
        "nested lists as a scale": model(scale=lists),
        "a list in itself": program(b"]\x94h\0a"),
        "parameters in themselves": program(b"}\x94", text("weights"), b"h\0s"),
        "deep lists": program(b"]" * DEEP + b"a" * (DEEP - 1)),
        "deep tuples": program(b")" + b"\x85" * DEEP),
        "deep marks": program(b"(" * DEEP),
        "deep dicts": program(b"}" + (text("a") + b"}") * DEEP + b"s" * DEEP),
        "many sets": program(b"\x8f" * DEEP),
        "a long shape": model(weights=array(shape=sequence(*[b"K\x01"] * DEEP))),
        "a shape of long numbers": model(weights=array(shape=sequence(*[huge] * 1000))),
        "a number of many digits": program(b"L" + b"9" * DEEP + b"L\n"),
        "a number as text": program(b"I" + b"9" * DEEP + b"\n"),
        "a dict of a list": program(b"(]K\x01d"),
        "a key that is a list": program(b"}]K\x01s"),
    }


def _broken() -> dict[str, bytes]:
    """Files that are no pickle at all, end early, or go on."""
    good = model()
    return {
        "nothing": b"",
        "a stop": b".",
        "no stop": good[:-1],
        "protocol 255": program(b"N", protocol=255),
        "protocol 6": program(b"N", protocol=6),
        "garbage": bytes(range(256)),
        "trailing byte": good + b"\0",
        "a second pickle": good + pickle.dumps(1),
        "trailing byte in a frame": b"\x80\x04\x95" + struct.pack("<Q", 3) + b"N.x",
        "a value too many": program(value(1), value({}))[:-1] + b"0" * 3 + b".",
        "empty stack": program(b"0"),
        "no mark": program(b"u"),
        "only a number": program(value(1)),
        "only a list": program(value([1])),
        "a key too many": model(bias=value(1.0)),
        "a key too few": program(mapping({"weights": array()})),
        "features of its own": model(features=value({})),
        "a key that is a number": program(value({1: 2.0})),
        "bytes": model(scale=b"C\x01x"),
        "append to a number": program(value(1), value(2), b"a"),
        "items of a string": program(text("a"), text("b"), value(1), b"s"),
    }
