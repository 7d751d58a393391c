"""Scored rows as bytes of jsonl, csv, tsv, or what becomes Parquet."""

import gzip
import json
import lzma
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.batch import arrow, zstandard
from pipeline.batch.cells import json_value, table_cells, write_table
from pipeline.batch.columns import ONLY_ANSWERS, AddedColumns
from pipeline.batch.formats import DELIMITERS, FileKind
from pipeline.batch.records import JsonRecords, Records, TableRecords

Added = dict[str, list[Any]]


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
        return arrow.to_stream(records, added)
    if settings.kind.format == "jsonl":
        text = "".join(_json_lines(records, added))
    else:
        text = _table(records, added, settings)
    return _compressed(text, settings)


def _table(records: Records, added: Added, settings: WriteSettings) -> str:
    delimiter = DELIMITERS[settings.kind.format]
    rows = records.rows()
    if isinstance(records, TableRecords):
        if records.lines and records.delimiter == delimiter and not settings.excel:
            return _lengthened(records.lines, added, delimiter)
    else:
        rows = map(table_cells, rows)
    additions = zip(*added.values(), strict=True)
    completed = ([*row, *more] for row, more in zip(rows, additions, strict=True))
    return write_table(completed, delimiter, settings.excel)


def _lengthened(lines: list[str], added: Added, delimiter: str) -> str:
    """The lines of a table as they are, and ours behind them, which need no quotes."""
    pattern = delimiter.join(["%s"] * (len(added) + 1)) + "\n"
    return "".join([pattern % row for row in zip(lines, *added.values(), strict=True)])


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
        lines = (json.dumps(o, ensure_ascii=False, default=json_value) for o in objects)
    for line, ending in zip(lines, _endings(added), strict=True):
        yield line[:-1]
        yield ending


def _endings(added: Added) -> Iterator[str]:
    """What takes the place of the brace at the end of each object."""
    names = (json.dumps(name, ensure_ascii=False).replace("%", "%%") for name in added)
    pattern = "".join(f", {name}: %s" for name in names) + "}\n"
    columns = [
        # Labels are plain words, and json writes a float as repr does.
        map('"%s"'.__mod__ if isinstance(column[0], str) else repr, column)
        for column in added.values()
    ]
    return (pattern % values for values in zip(*columns, strict=True))


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
