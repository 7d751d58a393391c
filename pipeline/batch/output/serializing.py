"""Scored rows as bytes of jsonl, csv, tsv, or what becomes Parquet."""

import gzip
import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.batch.output.added_columns import ONLY_ANSWERS, AddedColumns
from pipeline.batch.output.arrow_rows import to_stream
from pipeline.batch.output.cells import table_cells, write_table
from pipeline.files import zstandard
from pipeline.files.formats import DELIMITERS, FileKind
from pipeline.files.json_values import json_text
from pipeline.files.records import JsonRecords, LineRecords, Records, TableRecords

Added = dict[str, NDArray[Any]]
"""Columns by name, each of shape (n,): texts (labels) as objects, or float64."""


@dataclass(frozen=True)
class WriteSettings:
    """How the output is written.

    `excel`: a table for Excel, with a byte order mark, and with nothing in it that Excel would
    run as a formula. `profile`: count what a report needs, too.
    """

    kind: FileKind
    added: AddedColumns = ONLY_ANSWERS
    excel: bool = False
    profile: bool = False


def serialize(records: Records, added: Added, settings: WriteSettings) -> bytes:
    """The bytes of n ≥ 1 rows with what is added to them, without the header of a table."""
    if settings.kind.format == "parquet":
        return to_stream(records, added)
    if settings.kind.format == "jsonl":
        text = "".join(_json_lines(records, added))
    else:
        text = _table(records, added, settings)
    return _compressed(text, settings)


def _table(records: Records, added: Added, settings: WriteSettings) -> str:
    delimiter = DELIMITERS[settings.kind.format]
    if isinstance(records, LineRecords) and records.delimiter == delimiter and not settings.excel:
        return _lengthened(records.lines, added, delimiter)
    rows = records.rows()
    if not isinstance(records, TableRecords | LineRecords):
        rows = map(table_cells, rows)
    additions = zip(*map(np.ndarray.tolist, added.values()), strict=True)
    completed = ([*row, *more] for row, more in zip(rows, additions, strict=True))
    return write_table(completed, delimiter, settings.excel)


def _lengthened(lines: list[str], added: Added, delimiter: str) -> str:
    """The lines of a table as they are, and ours behind them, which need no quotes."""
    rows = zip(lines, *map(_texts, added.values()), strict=True)
    return "\n".join([*map(delimiter.join, rows), ""])


def _texts(column: NDArray[Any]) -> Iterable[str]:
    """Labels as they are, numbers with all their digits, as csv and json write them too."""
    values = column.tolist()
    return values if column.dtype == object else map(repr, values)


def header(columns: Sequence[str], settings: WriteSettings) -> bytes:
    """The header of a table with these columns of the input; of other formats, nothing."""
    if settings.kind.format not in DELIMITERS:
        return b""
    names = [*columns, *settings.added.names]
    text = write_table([names], DELIMITERS[settings.kind.format], settings.excel)
    return _compressed("\ufeff" * settings.excel + text, settings)


def _json_lines(records: Records, added: Added) -> Iterator[str]:
    if isinstance(records, JsonRecords):  # as they are, to the last digit of their numbers
        lines: Iterator[str] = iter(records.lines)
    else:
        columns = records.columns()
        objects = (dict(zip(columns, row, strict=True)) for row in records.rows())
        lines = map(json_text, objects)
    for line, ending in zip(lines, _endings(added), strict=True):
        yield line[:-1]
        yield ending


def _endings(added: Added) -> Iterator[str]:
    """What takes the place of the brace at the end of each object."""
    pattern = "".join(map(_json_member, added, added.values())) + "}\n"
    return map(pattern.__mod__, zip(*map(_texts, added.values()), strict=True))


def _json_member(name: str, column: NDArray[Any]) -> str:
    """A pattern for name and value; labels are plain words, of which none must be escaped."""
    value = '"%s"' if column.dtype == object else "%s"
    return f", {json.dumps(name, ensure_ascii=False).replace('%', '%%')}: {value}"


def _compressed(text: str, settings: WriteSettings) -> bytes:
    """A member, frame or stream of its own: one behind the other they make a file."""
    content = text.encode("utf-8", "backslashreplace")
    match settings.kind.compression:
        case "gz":
            return gzip.compress(content, 6, mtime=0)
        case "xz":
            return lzma.compress(content, preset=1)
        case "zst":
            return zstandard.compress(content)
        case _:
            return content
