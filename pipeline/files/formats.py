"""Which format and compression a file has by its name, or by an option."""

from pathlib import PurePath
from typing import NamedTuple

from pipeline.errors import InvalidInput

TEXT, CSV, TSV, JSON_LINES, JSON, PARQUET = "txt", "csv", "tsv", "jsonl", "json", "parquet"
SPREADSHEETS = ("xlsx", "xls", "ods")
INPUT_FORMATS = (TEXT, CSV, TSV, JSON_LINES, JSON, PARQUET, *SPREADSHEETS)
OUTPUT_FORMATS = (JSON_LINES, CSV, TSV, PARQUET)
DELIMITERS = {CSV: ",", TSV: "\t"}
COMPRESSIONS = ("gz", "zst", "xz")
STANDARD_STREAM = "-"


class FileKind(NamedTuple):
    """`format`: "" where the name does not tell it. `compression`: None for a plain file."""

    format: str
    compression: str | None = None


def input_kind(path: str, given: str | None = None) -> FileKind:
    """Kind of an input by its name; `given`, a format that the user named, goes first."""
    told, compression = _suffixes(path)
    return FileKind(given or (told if told in INPUT_FORMATS else ""), compression)


def output_kind(path: str, given: str | None = None, is_stream: bool = False) -> FileKind:
    """Kind of an output; `given` goes first. A stream is jsonl unless its name or `given` tells.

    Raises InvalidInput where the name does not tell the format, or for Parquet in a pipe.
    """
    told, compression = _suffixes(path)
    is_stream = is_stream or path == STANDARD_STREAM
    told = given or (JSON_LINES if is_stream and told not in OUTPUT_FORMATS else told)
    if told not in OUTPUT_FORMATS:
        raise InvalidInput(
            f"{path}: the suffix does not tell the format. End it in "
            f".{', .'.join(OUTPUT_FORMATS)}, or name the format with --output-format."
        )
    if told == PARQUET and is_stream:
        raise InvalidInput("Parquet is written to a file, not to a pipe. Name a file with -o.")
    if told == PARQUET and compression is not None:
        raise InvalidInput(
            f"{path}: Parquet is compressed inside. Leave the .{compression} off its name."
        )
    return FileKind(told, compression)


def _suffixes(path: str) -> tuple[str, str | None]:
    """(Format, compression) as the suffixes have them, in lower case."""
    suffixes = [suffix.lower().removeprefix(".") for suffix in PurePath(path).suffixes]
    compression = suffixes.pop() if suffixes and suffixes[-1] in COMPRESSIONS else None
    return (suffixes[-1] if suffixes else ""), compression
