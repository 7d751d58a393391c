"""Deciding the shape of a table from its beginning: delimiter, header, columns, the reviews'."""

import csv
import io
from dataclasses import replace

from pipeline.errors import InvalidInput
from pipeline.files import sniffing
from pipeline.files.columns import UnclearColumn, distinct, find_column, text_column
from pipeline.files.containers import PLAIN
from pipeline.files.dialects import AUTO, Dialect
from pipeline.files.dialects import CSV as QUOTED
from pipeline.files.formats import CSV, DELIMITERS, TSV
from pipeline.files.layouts import TABLE, Layout, ReadSettings
from pipeline.files.samples import Sample
from pipeline.files.tables import read_table

SEPARATOR_LINE = "sep="
"""What Excel takes the delimiter from, in a line before the header."""


def table_layout(sample: Sample, settings: ReadSettings) -> Layout:
    """The shape of a table; raises InvalidInput as `text_layout` does."""
    separator = _separator_line(sample.text)
    lines = sample.lines[1:] if separator else sample.lines
    if not lines:
        return _empty(sample)
    delimiter = settings.delimiter or separator[4:5] or _delimiter(sample)
    header, end = _first_row(sample, delimiter, len(separator))
    flat = sniffing.flat_rows(lines, delimiter)
    rows = sniffing.split_rows(flat[1:], delimiter, len(header))
    has_header = _has_header(sample, settings, header, rows)
    dialect = Dialect(delimiter, len(header), _quoting(settings, lines, delimiter))
    if has_header:
        if end == len(sample.text) and not sample.is_whole:
            raise InvalidInput(
                f"{sample.name}: the header is too long. Is a quote in it not closed?"
            )
        names = distinct(header)
        text = text_column(names, settings.column, sample.name)
    else:
        end = len(separator)
        columns, is_open_ended = sniffing.columns_in(flat, delimiter)
        rows = sniffing.split_rows(flat, delimiter, columns)
        names = tuple(f"column_{number}" for number in range(1, columns + 1))
        text = _text_without_header(sample.name, names, settings.column, rows)
        is_open_ended = is_open_ended and text == names[-1]
        dialect = replace(dialect, columns=columns, is_open_ended=is_open_ended)
    settings.check_names(names, sample.name)
    numeric = tuple(n for n in sniffing.numeric_columns(rows) if names[n] != text)
    layout = sample.layout(TABLE, names, text, sample.text[:end])
    return replace(layout, dialect=replace(dialect, numeric=numeric), has_header=has_header)


def _empty(sample: Sample) -> Layout:
    """Of a file with nothing but blank lines: all of it is before its first row."""
    if not sample.is_whole:
        raise InvalidInput(f"{sample.name} begins with nothing but blank lines. Remove them.")
    return replace(sample.layout(TABLE, (), None, sample.text), dialect=Dialect(",", 0))


def _separator_line(text: str) -> str:
    """The line `sep=;`, with its end, if the file begins with one, else ""."""
    line, end, _ = text.partition("\n")
    is_one = line.startswith(SEPARATOR_LINE) and len(line.rstrip("\r")) == len(SEPARATOR_LINE) + 1
    return line + end if is_one else ""


def _delimiter(sample: Sample) -> str:
    usual = DELIMITERS.get(sample.given_format)
    if usual is not None:
        return sniffing.table_delimiter(sample.lines, usual, sample.name)
    return sample.delimiter or DELIMITERS[CSV]


def _quoting(settings: ReadSettings, lines: list[str], delimiter: str) -> str:
    if settings.quoting == AUTO and sniffing.is_quoted_as_csv(lines, delimiter):
        return QUOTED
    return settings.quoting


def _first_row(sample: Sample, delimiter: str, start: int) -> tuple[list[str], int]:
    """(Its fields, where in the text it ends)."""
    stream = io.StringIO(sample.text[start:], newline="\n")
    try:
        first = next(filter(None, read_table(stream, delimiter)), [])
    except csv.Error as error:
        raise InvalidInput(f"{sample.name}, line 1: {error}. Fix the header.") from None
    end = start + stream.tell()
    if damage := sample.encoding.damage(sample.text[:end]):
        raise InvalidInput(f"{sample.name}, line 1: {damage}")
    return first, end


def _has_header(
    sample: Sample, settings: ReadSettings, first: list[str], rows: list[list[str]]
) -> bool:
    if settings.has_header is not None:
        return settings.has_header
    wanted = settings.column
    if wanted is not None and not wanted.isdecimal() and find_column(first, wanted) is not None:
        return True
    found = sniffing.first_is_header(first, rows)
    if found is None:  # nothing tells; a table by its name has a header more often than not
        return sample.given_format in (CSV, TSV) or sample.packed.container != PLAIN
    return found


def _text_without_header(
    name: str, names: tuple[str, ...], wanted: str | None, rows: list[list[str]]
) -> str:
    if wanted is not None:
        found = find_column(names, wanted)
        if found is None:
            raise InvalidInput(
                f"{name} has no column {wanted!r}: it has no header, and {len(names)} columns. "
                "Give the number of the one that holds the reviews."
            )
        return found
    place = 0 if len(names) == 1 else sniffing.text_place(rows)
    if place is None:
        shown = "; ".join(f"{number}: {cell}" for number, cell in enumerate(rows[0], 1))
        raise UnclearColumn(
            f"{name} has no header that names its columns, and more than one may hold the reviews "
            f"({shown}). Give --no-header --column NUMBER; or --column NAME if this is a header."
        )
    return names[place]
