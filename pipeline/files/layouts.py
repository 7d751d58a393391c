"""What all records of a text file have in common: encoding, columns, and which holds the review."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import InvalidInput
from pipeline.files.columns import TEXT_COLUMNS, check_names, text_column
from pipeline.files.encodings import Encoding, find_encoding
from pipeline.files.formats import DELIMITERS
from pipeline.files.sources import Source
from pipeline.files.tables import read_table


@dataclass(frozen=True)
class ReadSettings:
    """How inputs are read.

    `column` holds the reviews; None takes the first of document, text, review that is there.
    `encoding`: one of ENCODINGS, for files without a byte order mark. `reserved`: names that the
    columns of an input must not have, since an output adds columns of these names.
    """

    column: str | None = None
    encoding: str = "utf-8"
    reserved: tuple[str, ...] = ()

    def check_names(self, columns: Iterable[str], source: str) -> None:
        """Raise InvalidInput if a column of this source has a reserved name."""
        check_names(columns, self.reserved, source)


@dataclass(frozen=True)
class Layout:
    """`columns`: those of a table, in order, empty for jsonl, whose rows may differ.

    `text_column` is None where each row is asked. `head`: bytes before the first row, a byte order
    mark and the header; `head_lines`: lines in them.
    """

    name: str
    format: str
    encoding: Encoding
    columns: tuple[str, ...]
    text_column: str | None
    head: int = 0
    head_lines: int = 0

    @property
    def delimiter(self) -> str | None:
        """What separates the fields; None where a line is a record."""
        return DELIMITERS.get(self.format)


def read_layout(source: Source, settings: ReadSettings, beginning: bytes) -> Layout:
    """The layout of a text file, from its first records.

    Raises InvalidInput for a header that cannot be read, has no column of reviews, or has columns
    with the names of ours.
    """
    encoding = find_encoding(beginning, settings.encoding, source.name)
    kind = source.kind.format
    body = beginning[len(encoding.mark) :]
    if kind == "txt" and source.given_format is None:
        _refuse_table(source, encoding, body)
    if kind not in DELIMITERS:
        names = ("text",) * (kind == "txt")
        settings.check_names(names, source.name)
        return Layout(source.name, kind, encoding, names, settings.column, len(encoding.mark))
    columns, size = _read_header(source, encoding, DELIMITERS[kind], body)
    column = None
    if columns:
        column = text_column(columns, settings.column, source.name)
        settings.check_names(columns, source.name)
    head = len(encoding.mark) + size
    lines = encoding.structure(body[:size]).count(b"\n")
    return Layout(source.name, kind, encoding, columns, column, head, lines)


def _read_header(
    source: Source, encoding: Encoding, delimiter: str, body: bytes
) -> tuple[tuple[str, ...], int]:
    """Return (names of the columns, size of the header in bytes)."""
    text, _ = encoding.decode(body)
    lines = io.StringIO(text, newline="\n")
    try:
        header = next(filter(None, read_table(lines, delimiter)), [])
    except csv.Error as error:
        raise InvalidInput(f"{source.name}, line 1: {error}. Mend the header.") from None
    taken = text[: lines.tell()]
    if damage := encoding.damage(taken):
        raise InvalidInput(f"{source.name}, line 1: {damage}")
    return tuple(header), encoding.size(taken)


def _refuse_table(source: Source, encoding: Encoding, body: bytes) -> None:
    """NSMC's own files are tables called .txt: better to ask than to score their header."""
    first = encoding.decode(body)[0].partition("\n")[0].rstrip("\r").split("\t")
    if len(first) > 1 and set(TEXT_COLUMNS).intersection(first):
        raise InvalidInput(
            f"{source.name} is a table by its first line ({', '.join(first)}). Read it as one with "
            "--input-format tsv, or a review a line with --input-format txt."
        )
