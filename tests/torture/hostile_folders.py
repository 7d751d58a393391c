"""Forged artifacts: each is whole by its own digests, and each must be refused."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.artifacts.manifest import digest_of
from pipeline.artifacts.verification import ANY, MANIFEST, PARAMETERS
from pipeline.handlers.loading import load_folder
from tests.torture.flips import Load
from tests.torture.small import Small
from tests.torture.tally import Tally

Record = dict[str, Any]
DEEP = 100_000

WRONG: list[tuple[str, list[Any]]] = [
    ("format_version", [0, 2, "1", 1.0, True, None, [1], 10**400]),
    ("slot", ["deep", "", "../fast", 1, None, ["fast"]]),
    ("created_at", [None, 0, ["2026"]]),
    ("run", [None, {}]),
    ("git_commit", [1, ["a"]]),
    ("cleaning_version", [0, 2, 10**30, "1", 1.0, None]),
    ("settings", [{}, [], None, {"features": None}, {"features": []}, {"features": "x"}]),
    ("data", [[], None, "x"]),
    ("metrics", [[], None, 1.0]),
    ("profile", [[], None]),
    ("versions", [[], None]),
    ("files", [None, {}, "x", [1], [None], [[]], [{}], 7, []]),
    ("golden", [None, {}, "x", [1], [{}], 7]),
    ("tolerance", [None, 0, "0", -1.0, [0.0], float("nan"), float("inf")]),
]
FEATURES: list[tuple[str, list[Any]]] = [
    ("bits", [[bits] for bits in (0, -1, 5, 7, 24, 25, 64, 10**30, 6.0, "6", None, True, [6])]),
    ("bits", [[], [6], [6] * 3, [6] * 9, "66", {"6": 6}, 6, None]),
    ("tokenizer", ["mecab-ko", "", None, 1, ["syllable"]]),
]
ENTRY: list[tuple[str, list[Any]]] = [
    ("size", [0, -1, 546, 10**30, 2**62, 1e3, "1", None, True]),
    ("sha256", ["", "0" * 64, None, 1, []]),
    ("path", ["../model.joblib", "/etc/passwd", "a/b.c", "", ".", "..", MANIFEST, "manifest.sig"]),
    ("path", ["model.joblib\0", "MODEL.JOBLIB", "model.joblib\n", "모델.joblib", None, 1, "x.y"]),
]
ANSWER: list[tuple[str, list[Any]]] = [
    ("text", [None, 1, [], "another text", "\ud800", "\0" * 1000]),
    ("label", ["neutral", "", None, 1]),
    ("confidence", [0.0, 0.49, 1.01, 1, "1", None, float("nan"), 10**400, 0.75]),
]


def load_forged(small: Small, scratch: Path, load: Load = load_folder) -> Tally:
    """Load each forgery; all must be refused."""
    tally = Tally("forged artifacts")
    for number, (name, forge) in enumerate(forgeries(small.folder)):
        folder = Path(shutil.copytree(small.folder, scratch / str(number)))
        forge(folder)
        named = folder.rename(scratch / digest_of(_manifest_of(folder)))
        tally.attempt(name, lambda named=named: load(named, ANY))  # type: ignore[misc]
        _remove(named)
    return tally


def forgeries(folder: Path) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """Names and functions that make an artifact out of a good one."""
    record = json.loads((folder / MANIFEST).read_bytes())
    for name, forged in _records(record):
        yield name, lambda copy, forged=forged: _write(copy, _canonical(forged))  # type: ignore[misc]
    for name, content in _texts((folder / MANIFEST).read_bytes()).items():
        yield name, lambda copy, content=content: _write(copy, content)  # type: ignore[misc]
    yield from FILES.items()


def _records(record: Record) -> Iterator[tuple[str, Record]]:
    places: list[tuple[str, list[tuple[str, list[Any]]], Callable[[Record], Record]]] = [
        ("", WRONG, lambda r: r),
        ("features.", FEATURES, lambda r: r["settings"]["features"]),
        ("files.", ENTRY, lambda r: r["files"][0]),
        ("golden.", ANSWER, lambda r: r["golden"][0]),
    ]
    for prefix, wrong, place in places:
        for key, values in wrong:
            for value in values:
                forged = json.loads(json.dumps(record))
                place(forged)[key] = value
                yield f"{prefix}{key} {value!a:.30}", forged
        for key in place(record):
            forged = json.loads(json.dumps(record))
            del place(forged)[key]
            if prefix != "features.":  # these have defaults
                yield f"{prefix}{key} missing", forged
        forged = json.loads(json.dumps(record))
        place(forged)["extra"] = 1
        yield f"{prefix}extra", forged


def _texts(good: bytes) -> dict[str, bytes]:
    """Manifests that are no canonical JSON."""
    return {
        "empty manifest": b"",
        "null": b"null\n",
        "a list": b"[]\n",
        "a number": b"1\n",
        "no end": good[:-1],
        "two ends": good + b"\n",
        "two manifests": good + good,
        "spaces": good.replace(b",", b", ", 1),
        "a duplicate key": good.replace(b"{", b'{"slot":"fast",', 1),
        "another case of an escape": good.replace(b"\\u", b"\\U", 1),
        "UTF-8": json.dumps(json.loads(good), sort_keys=True, ensure_ascii=False).encode(),
        "UTF-16": good.decode().encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "a zero byte": b"\0" + good,
        "NaN": good.replace(b'"tolerance":1e-09', b'"tolerance":NaN'),
        "an exponent": good.replace(b'"tolerance":1e-09', b'"tolerance":1e-9'),
        "beyond floats": good.replace(b'"tolerance":1e-09', b'"tolerance":1e999'),
        "a huge number": good.replace(b'"rows":', b'"rows":' + b"9" * 5000),
        "deep lists": b"[" * DEEP,
        "deep data": good.replace(b'"data":{', b'"data":{"a":' + b"[" * 900 + b"]" * 900 + b",", 1),
        "very deep data": good.replace(b'"data":{', b'"data":{"a":' + b'{"a":' * DEEP, 1),
        "17 MB": good[:-1] + b" " * 17 * 2**20 + b"\n",
    }


def _link(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / PARAMETERS).replace(outside)
    (folder / PARAMETERS).symlink_to(outside)


def _replaced(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return replace


FILES: dict[str, Callable[[Path], object]] = {
    "a link to the parameters": _link,
    "a link to nothing": _replaced(PARAMETERS, lambda path: path.symlink_to("nothing")),
    "a link to /dev/zero": _replaced(PARAMETERS, lambda path: path.symlink_to("/dev/zero")),
    "a link to itself": _replaced(PARAMETERS, lambda path: path.symlink_to(path)),
    "a pipe as parameters": _replaced(PARAMETERS, os.mkfifo),
    "a pipe as manifest": _replaced(MANIFEST, os.mkfifo),
    "a folder as parameters": _replaced(PARAMETERS, Path.mkdir),
    "a folder as manifest": _replaced(MANIFEST, Path.mkdir),
    "a link as manifest": _replaced(MANIFEST, lambda path: path.symlink_to("/dev/zero")),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "no parameters": lambda folder: (folder / PARAMETERS).unlink(),
    "an empty file": _replaced(PARAMETERS, Path.touch),
    "a sparse file of a terabyte": lambda folder: os.truncate(folder / PARAMETERS, 2**40),
    "a sparse manifest": lambda folder: os.truncate(folder / MANIFEST, 2**40),
    "a file too many": lambda folder: (folder / "notes.txt").touch(),
    "a hidden file too many": lambda folder: (folder / ".x\n\x1b[2J").touch(),
    "a folder too many": lambda folder: (folder / "__pycache__").mkdir(),
    "parameters that a group may write": lambda folder: (folder / PARAMETERS).chmod(0o664),
    "parameters that all may write": lambda folder: (folder / PARAMETERS).chmod(0o646),
    "a manifest that a group may write": lambda folder: (folder / MANIFEST).chmod(0o664),
    "a folder that a group may write": lambda folder: folder.chmod(0o775),
    "a folder that all may write": lambda folder: folder.chmod(0o777),
}


def _canonical(record: Record) -> bytes:
    return f"{json.dumps(record, sort_keys=True, separators=(',', ':'))}\n".encode()


def _write(folder: Path, manifest: bytes) -> None:
    (folder / MANIFEST).write_bytes(manifest)


def _manifest_of(folder: Path) -> bytes:
    path = folder / MANIFEST
    is_small = path.is_file() and not path.is_symlink() and path.stat().st_size < 2**25
    return path.read_bytes() if is_small else b""


def _remove(folder: Path) -> None:
    folder.chmod(0o755)
    shutil.rmtree(folder)
    (folder.parent / "outside").unlink(missing_ok=True)
