"""Pickles made by hand to run code, hang, or use up memory. None may load."""

import copyreg
import pickle
import struct
from pathlib import Path

from tests.torture.assembly import call, mapping, name, program, sequence, text, value
from tests.torture.hostile_arrays import hostile_arrays, hostile_files
from tests.torture.hostile_bombs import hostile_bombs

EXTENSIONS = (0x77, 0x7777, 0x7777777)


def hostile_pickles(canary: Path) -> dict[str, bytes]:
    """All of them by name; those that run code would make the file `canary`."""
    parts = (_calls, _indirect_calls, _innocent_looking, _opcodes)
    programs = {key: content for part in parts for key, content in part(canary).items()}
    return programs | hostile_bombs() | hostile_arrays(canary) | hostile_files(canary)


def _calls(canary: Path) -> dict[str, bytes]:
    """Functions that run a command or Python code."""
    touch, code = f"touch {canary}", f"open({str(canary)!r}, 'w')"
    arguments: dict[tuple[str, str], tuple[object, ...]] = {
        ("os", "system"): (touch,),
        ("posix", "system"): (touch,),
        ("nt", "system"): (touch,),
        ("os", "popen"): (touch,),
        ("os", "spawnlp"): (0, "touch", "touch", str(canary)),
        ("subprocess", "Popen"): (["touch", str(canary)],),
        ("subprocess", "call"): (["touch", str(canary)],),
        ("subprocess", "check_output"): (["touch", str(canary)],),
        ("pty", "spawn"): (["touch", str(canary)],),
        ("builtins", "eval"): (code,),
        ("builtins", "exec"): (code,),
        ("__builtin__", "eval"): (code,),
        ("builtins", "open"): (str(canary), "w"),
        ("io", "open"): (str(canary), "w"),
        ("pathlib", "Path.touch"): (str(canary),),
        ("shutil", "copy"): (__file__, str(canary)),
        ("timeit", "timeit"): (code, "", 0, 1),
        ("numpy.testing._private.utils", "runstring"): (code, {}),
        ("numpy.testing", "rundocs"): (__file__,),
        ("numpy", "memmap"): (str(canary), "u1", "w+", 0, [1]),
        ("numpy", "save"): (str(canary), 1),
        ("numpy", "savetxt"): (str(canary), [1]),
        ("joblib", "dump"): (1, str(canary)),
    }
    return {f"{'.'.join(key)}{items!r:.20}": call(*key, *items) for key, items in arguments.items()}


def _indirect_calls(canary: Path) -> dict[str, bytes]:
    """Functions that fetch, import or unpickle what then does the work."""
    inner = call("os", "system", f"touch {canary}")
    (canary.parent / "inner.pkl").write_bytes(inner)
    path = str(canary.parent / "inner.pkl")
    calls = [
        call("pickle", "loads", inner),
        call("_pickle", "loads", inner),
        call("joblib", "load", path),
        call("numpy", "load", path, None, True),
        call("numpy._core.multiarray", "fromfile", path),
        call("runpy", "run_path", path),
        call("pipeline.artifacts.unpickling", "load_numbers", inner),
        call("joblib.numpy_pickle", "load", path),
        call("joblib.numpy_pickle", "os.system", f"touch {canary}"),
        call("joblib.numpy_pickle", "NumpyArrayWrapper.read", 1),
        call("numpy", "ndarray.tofile", str(canary)),
        call("numpy", "dtype.newbyteorder", "<"),
        call("builtins", "__import__", "this"),
        call("importlib", "import_module", "this"),
        call("builtins", "getattr", "", "format"),
        call("builtins", "map", 1),
        call("marshal", "loads", b"N"),
        call("ctypes", "CDLL", None),
        call("codecs", "decode", "x", "rot13"),
        call("operator", "attrgetter", "system"),
        call("operator", "methodcaller", "system", f"touch {canary}"),
        call("functools", "reduce", 1),
        call("sys", "exit", 0),
        call("os", "_exit", 0),
    ]
    partial = sequence(name("os", "system"), text(f"touch {canary}"))
    calls.append(program(name("functools", "partial"), partial, pickle.REDUCE, b")R"))
    return {f"indirect {number}": content for number, content in enumerate(calls)}


def _innocent_looking(_: Path) -> dict[str, bytes]:
    """Types that do no harm, but that no artifact of ours holds."""
    calls = [
        call("copyreg", "_reconstructor"),
        call("copyreg", "__newobj__"),
        call("collections", "OrderedDict"),
        call("datetime", "date", 2026, 1, 1),
        call("decimal", "Decimal", "1"),
        call("builtins", "bytearray", 10**15),
        call("numpy", "zeros", 10**15),
        call("numpy", "float64", 1.0),
        call("numpy", "matrix", "1"),
        call("numpy._core.multiarray", "scalar"),
        call("numpy.core.multiarray", "_reconstruct"),
        call("numpy.random._pickle", "__randomstate_ctor"),
        call("joblib.numpy_pickle_utils", "_reconstruct"),
        call("joblib.numpy_pickle", "ZNDArrayWrapper", "x", "y", "z"),
        call("sklearn.linear_model._logistic", "LogisticRegression"),
        call("pipeline.models.linear", "LinearModel"),
        call("", ""),
        call("numpy", "ndarray\0"),
        call("numpy", "Ndarray"),
    ]
    return {f"innocent {number}": content for number, content in enumerate(calls)}


def _opcodes(canary: Path) -> dict[str, bytes]:
    """Each instruction that names, calls or reaches outside."""
    line, touch = b"cos\nsystem\n", text(f"touch {canary}")
    nd, wrapper = name("numpy", "ndarray"), name("joblib.numpy_pickle", "NumpyArrayWrapper")
    for code in EXTENSIONS:
        if ("posix", "system") not in copyreg._extension_registry:  # type: ignore[attr-defined]
            copyreg.add_extension("posix", "system", code)
        copyreg._inverted_registry[code] = ("posix", "system")  # type: ignore[attr-defined]
    ext1, ext2, ext4 = map(struct.pack, ("<B", "<H", "<i"), EXTENSIONS)
    arguments = sequence(touch)
    interface = {"shape": (1,), "typestr": "|u1", "data": (0xDEAD0000, False), "version": 3}
    evil = nd + b")\x81" + mapping({"__array_interface__": value(interface)}) + b"b"
    polluted = nd + sequence(b"N", mapping({"__getattr__": wrapper})) + b"b"
    slots = sequence(b"N", mapping({"__class__": wrapper}))
    return {
        "GLOBAL": program(line, arguments, b"R"),
        "GLOBAL, protocol 0": line + b"(S'touch " + bytes(canary) + b"'\ntR.",
        "GLOBAL of protocol 2 names": program(b"c__builtin__\napply\n", b")R", protocol=2),
        "INST": program(b"(", touch, b"ios\nsystem\n"),
        "OBJ": program(b"(", line, touch, b"o"),
        "NEWOBJ": program(name("subprocess", "Popen"), arguments, b"\x81"),
        "NEWOBJ_EX": program(name("subprocess", "Popen"), arguments, b"}\x92"),
        "EXT1": program(b"\x82", ext1, arguments, b"R"),
        "EXT2": program(b"\x83", ext2, arguments, b"R"),
        "EXT4": program(b"\x84", ext4, arguments, b"R"),
        "EXT1, unregistered": program(b"\x82\x01"),
        "EXT4, negative": program(b"\x84\xff\xff\xff\xff"),
        "PERSID": b"Pos.system\n.",
        "BINPERSID": program(touch, b"Q"),
        "STACK_GLOBAL of numbers": program(b"K\x01K\x02\x93"),
        "STACK_GLOBAL of bytes": program(b"C\x02osC\x06system\x93", arguments, b"R"),
        "REDUCE of a string": program(text("system"), arguments, b"R"),
        "REDUCE of an instance": program(nd, b")\x81)R"),
        "BUILD of an instance": program(mapping({"weights": evil})),
        "memory read by numpy": program(mapping({"scale": evil, "intercept": evil})),
        "BUILD of a class": program(polluted),
        "BUILD of slots": program(nd, b")\x81", slots, b"b"),
        "BUILD of an array": program(wrapper, b")\x81", b"Nb"),
        "a class left": program(mapping({"weights": nd})),
        "an instance left": program(mapping({"scale": wrapper + b")\x81"})),
        "NEXT_BUFFER": program(b"\x97", protocol=5),
        "READONLY_BUFFER": program(b"\x97\x98", protocol=5),
    }
