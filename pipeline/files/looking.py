"""Deciding the shape of a text file from its beginning."""

import json
from dataclasses import replace
from typing import Any

from pipeline.errors import InvalidInput
from pipeline.files.columns import find_column, find_text_column
from pipeline.files.containers import PLAIN
from pipeline.files.dialects import AUTO
from pipeline.files.dialects import CSV as QUOTED
from pipeline.files.formats import CSV, DELIMITERS, JSON, JSON_LINES, SPREADSHEETS, TEXT, TSV
from pipeline.files.layouts import TABLE, Layout, ReadSettings
from pipeline.files.samples import Sample
from pipeline.files.table_looking import table_layout


def text_layout(sample: Sample, settings: ReadSettings) -> Layout:
    """The shape of a text file; raises InvalidInput where it has none, or can be read in two ways.

    An option for tables is refused for a file that is none.
    """
    decided = _format(sample, settings)
    if sample.packed.container in SPREADSHEETS:
        settings = _as_unpacked(sample, settings)
    if decided == TABLE:
        return table_layout(sample, settings)
    _refuse_table_options(f"{sample.name} is no table", settings)
    if decided == JSON_LINES:
        return _json_layout(sample, settings)
    settings.check_names(["text"], sample.name)
    if settings.column is not None and find_column(["text"], settings.column) is None:
        raise InvalidInput(f"{sample.name} has a review a line, so it has no columns.")
    return sample.layout(TEXT, ("text",), "text")


def _format(sample: Sample, settings: ReadSettings) -> str:
    if sample.packed.container != PLAIN:
        return JSON_LINES if sample.packed.container == JSON else TABLE
    if sample.given_format in (CSV, TSV) or settings.delimiter or settings.has_header is not None:
        return TABLE
    if sample.given_format in (TEXT, JSON_LINES):
        return sample.given_format
    if not sample.lines:
        return TEXT
    if sample.lines[0].startswith("{") and _object(sample.lines[0]) is not None:
        return JSON_LINES
    return TABLE if sample.delimiter is not None else TEXT


def _as_unpacked(sample: Sample, settings: ReadSettings) -> ReadSettings:
    """How the text that is made of a spreadsheet is to be read, whatever its cells hold."""
    own_options = replace(settings, has_header=None)
    _refuse_table_options(f"{sample.name} is a spreadsheet", own_options)
    return replace(settings, delimiter=DELIMITERS[CSV], quoting=QUOTED)


def _refuse_table_options(what: str, settings: ReadSettings) -> None:
    given = {
        "--delimiter": settings.delimiter is not None,
        "--no-header": settings.has_header is not None,
        "--quoting": settings.quoting != AUTO,
    }
    if unused := [option for option, is_given in given.items() if is_given]:
        raise InvalidInput(f"{what}, so {' and '.join(unused)} cannot be used for it.")


def _json_layout(sample: Sample, settings: ReadSettings) -> Layout:
    rows = [row for line in sample.lines if (row := _object(line)) is not None]
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    settings.check_names(columns, sample.name)
    wanted = settings.column
    if rows and wanted is not None and find_column(columns, wanted) is None:
        raise InvalidInput(f"{sample.name} has no column {wanted!r}; it has {', '.join(columns)}.")
    return sample.layout(JSON_LINES, columns, find_text_column(columns, wanted))


def _object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
