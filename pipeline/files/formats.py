"""Which format and compression a file has: told by its suffixes, or by an option."""

from pathlib import PurePath
from typing import NamedTuple

from pipeline.errors import InvalidInput

INPUT_FORMATS = ("txt", "csv", "tsv", "jsonl", "parquet")
OUTPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet")
DELIMITERS = {"csv": ",", "tsv": "\t"}
COMPRESSIONS = ("gz", "zst", "xz")
ENCODINGS = ("utf-8", "cp949", "utf-16")
STANDARD_STREAM = "-"


class FileKind(NamedTuple):
    """`compression` is one of COMPRESSIONS, or None for a plain file."""

    format: str
    compression: str | None = None


def input_kind(path: str, given: str | None = None) -> FileKind:
    """Kind of an input; `given` overrides the suffix. Standard input is txt unless it is given."""
    if path == STANDARD_STREAM:
        return _checked(path, FileKind(given or "txt"))
    return _kind(path, given, INPUT_FORMATS, "--input-format")


def output_kind(path: str, given: str | None = None) -> FileKind:
    """Kind of an output; `given` overrides the suffix. Standard output is jsonl unless given."""
    if path == STANDARD_STREAM:
        return _checked(path, FileKind(given or "jsonl"))
    return _kind(path, given, OUTPUT_FORMATS, "--output-format")


def _kind(path: str, given: str | None, known: tuple[str, ...], option: str) -> FileKind:
    suffixes = [suffix.lower().removeprefix(".") for suffix in PurePath(path).suffixes]
    compression = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else None
    told = given or (suffixes[-1] if suffixes else "")
    if told not in known:
        raise InvalidInput(
            f"{path}: the suffix does not tell the format. End it in .{', .'.join(known)}, or "
            f"name the format with {option}."
        )
    return _checked(path, FileKind(told, compression))


def _checked(path: str, kind: FileKind) -> FileKind:
    if kind.format != "parquet":
        return kind
    if path == STANDARD_STREAM:
        raise InvalidInput("Parquet is read and written in a file, not in a pipe. Name a file.")
    if kind.compression is not None:
        raise InvalidInput(
            f"{path}: Parquet is compressed inside. Take the .{kind.compression} off first."
        )
    return kind
