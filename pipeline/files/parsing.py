"""Reading the records of a chunk of text; what is no record is put aside and costs no other.

Each format is read in one go first. Only where that meets something odd is the chunk read again
record by record, to find out where and why.
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pipeline.files.chunks import Chunk
from pipeline.files.columns import TEXT_COLUMNS, find_text_column
from pipeline.files.formats import DELIMITERS
from pipeline.files.layouts import Layout
from pipeline.files.records import (
    JsonRecords,
    LineRecords,
    Parsed,
    Records,
    Reject,
    TableRecords,
)
from pipeline.files.tables import read_table

Read = tuple[list[str], Records]
"""Reviews and records of as many rows."""

_MEANINGLESS = {
    delimiter: bytes(set(range(256)) - set(f"{delimiter}\r\n".encode()))
    for delimiter in DELIMITERS.values()
}
"""The bytes of UTF-8 that neither separate fields nor end lines."""


class Found(NamedTuple):
    """A record as it stands in the file: its row, or why it has none; neither for a blank line."""

    content: str
    row: Any = None
    reason: str | None = None


class Reader(ABC):
    """Reads one format. `layout` is that of the file."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @abstractmethod
    def read(self, text: str) -> Read | None:
        """All rows, quickly; None if any of it is not as it should be."""

    @abstractmethod
    def find(self, text: str) -> Iterator[Found]:
        """Each record, whatever it is; together they are the whole text."""

    @abstractmethod
    def arrange(self, rows: list[Any]) -> Read:
        """Reviews and records of rows that were found."""


class TextReader(Reader):
    """A review a line."""

    def read(self, text: str) -> Read:
        """Lines without their ends."""
        return self.arrange([line.removesuffix("\r") for line in _lines(text)])

    def find(self, text: str) -> Iterator[Found]:
        """Each line."""
        for line in io.StringIO(text, newline="\n"):
            yield Found(line, line.removesuffix("\n").removesuffix("\r"))

    def arrange(self, rows: list[str]) -> Read:
        """A table of one column."""
        return rows, TableRecords(self.layout.columns, [[text] for text in rows])


class TableReader(Reader):
    """csv and tsv: rows of as many fields as the header has; blank lines are none."""

    def read(self, text: str) -> Read | None:
        """All rows, None if one is broken, blank, or of another length."""
        try:
            if (read := self._read_lines(text)) is not None:
                return read
            rows = list(self._table(io.StringIO(text, newline="\n")))
        except csv.Error:
            return None
        has_all = {len(self.layout.columns)}.issuperset(map(len, rows))
        return self.arrange(rows) if has_all else None

    def _read_lines(self, text: str) -> Read | None:
        """As `read` where each line is a row with nothing odd about it, else None.

        The csv module sees lines with a quote alone. Of the others only the reviews are taken out:
        lists of the fields of each row would take several times as long.
        """
        columns, delimiter = self.layout.columns, self.layout.delimiter or ""
        lines = _lines(text)
        structure = text.removesuffix("\n").encode().translate(None, _MEANINGLESS[delimiter])
        if structure != "\n".join([delimiter * (len(columns) - 1)] * len(lines)).encode():
            return None
        if len(columns) == 1 and "" in lines:
            return None
        texts = delimiter.join(lines).split(delimiter)[self.column :: len(columns)]
        quoted = [number for number, line in enumerate(lines) if '"' in line]
        rows = list(self._table(lines[number] for number in quoted))
        if [len(columns)] * len(quoted) != list(map(len, rows)):
            return None
        for number, row in zip(quoted, rows, strict=True):
            texts[number] = row[self.column]
        return texts, LineRecords(columns, lines, delimiter)

    def _table(self, lines: Iterable[str]) -> Any:
        return read_table(lines, self.layout.delimiter or "")

    def find(self, text: str) -> Iterator[Found]:
        """Each row with the lines it stands in."""
        lines = io.StringIO(text, newline="\n")
        rows = self._table(lines)
        while (begin := lines.tell()) < len(text):
            try:
                row: list[str] = next(rows, [])
                reason = None
            except csv.Error as error:
                row, reason = [], str(error)
            if row and len(row) != len(self.layout.columns):
                reason = f"{len(row)} fields where the header has {len(self.layout.columns)}"
            yield Found(text[begin : lines.tell()], row or None, reason)

    def arrange(self, rows: list[list[str]]) -> Read:
        """The fields of the column that holds the reviews."""
        return [row[self.column] for row in rows], TableRecords(self.layout.columns, rows)

    @property
    def column(self) -> int:
        """Which one holds the reviews."""
        return self.layout.columns.index(self.layout.text_column or "")


class JsonReader(Reader):
    """A JSON object a line; blank lines are none."""

    def read(self, text: str) -> Read | None:
        """The object of each line, None if one is no object with a review."""
        try:
            return self.arrange([self._row(line) for line in _lines(text)])
        except ValueError:
            return None

    def find(self, text: str) -> Iterator[Found]:
        """Each line."""
        for line in io.StringIO(text, newline="\n"):
            if line.isspace():
                yield Found(line)
                continue
            try:
                yield Found(line, self._row(line))
            except ValueError as error:
                yield Found(line, reason=str(error))

    def _row(self, line: str) -> tuple[str, str, dict[str, Any]]:
        """(review, line, object)."""
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise ValueError("no JSON object")
        column = find_text_column(record, self.layout.text_column)
        if column is None:
            raise ValueError(f"no {self.layout.text_column or ', '.join(TEXT_COLUMNS)}")
        text = record[column]
        if not isinstance(text, str):
            raise ValueError(f"the review is {text!r}, not a text")
        return text, line.strip(), record

    def arrange(self, rows: list[Any]) -> Read:
        """Reviews, and lines with their objects."""
        return [row[0] for row in rows], JsonRecords(
            [row[1] for row in rows], [row[2] for row in rows]
        )


READERS: dict[str, type[Reader]] = {
    "txt": TextReader,
    "csv": TableReader,
    "tsv": TableReader,
    "jsonl": JsonReader,
}


def parse(chunk: Chunk) -> Parsed:
    """Rows and rejects of a chunk of text."""
    text, is_whole = chunk.layout.encoding.decode(chunk.content)
    reader = READERS[chunk.layout.format](chunk.layout)
    if chunk.defect is not None:
        rows, rejects = _sort_out(chunk, iter([Found(text, reason=chunk.defect)]))
    elif is_whole and (read := reader.read(text)) is not None:
        return Parsed(*read, [])
    else:
        rows, rejects = _sort_out(chunk, reader.find(text))
    return Parsed(*reader.arrange(rows), rejects)


def _sort_out(chunk: Chunk, records: Iterator[Found]) -> tuple[list[Any], list[Reject]]:
    """Rows, and rejects with their places."""
    rows: list[Any] = []
    rejects, encoding, place = [], chunk.layout.encoding, chunk.start
    for content, row, reason in records:
        reason = encoding.damage(content) or reason
        if reason is not None:
            shown = content.encode("utf-8", "backslashreplace").decode("utf-8")
            rejects.append(Reject(chunk.layout.name, place.line, place.offset, reason, shown))
        elif row is not None:
            rows.append(row)
        place = place.moved(encoding.size(content), content.count("\n"))
    return rows, rejects


def _lines(text: str) -> list[str]:
    r"""Lines without their ends; only \n ends one."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines
