"""Reading the rows of a table."""

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pipeline.files.dialects import Dialect
from pipeline.files.layouts import Layout
from pipeline.files.readers import Found, Read, Reader, split_lines
from pipeline.files.records import LineRecords, TableRecords
from pipeline.files.tables import read_table


@cache
def _meaningless(delimiter: str) -> bytes:
    """The bytes of UTF-8 that neither separate fields nor end lines."""
    return bytes(set(range(256)) - set(f"{delimiter}\r\n".encode()))


class TableReader(Reader):
    """Rows of as many fields as the table has columns; blank lines are none."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.dialect = layout.dialect or Dialect(",", len(layout.columns))

    def read(self, text: str) -> Read | None:
        """The rows of a text in which each line is one with nothing odd about it, else None.

        Quotes are looked at in lines that have some. Of the others only the reviews are taken out:
        lists of the fields of each row would take several times as long.
        """
        columns, delimiter = self.layout.columns, self.dialect.delimiter
        lines = split_lines(text)
        structure = text.removesuffix("\n").encode().translate(None, _meaningless(delimiter))
        if structure != "\n".join([delimiter * (len(columns) - 1)] * len(lines)).encode():
            return None
        if len(columns) == 1 and "" in lines:
            return None
        texts = delimiter.join(lines).split(delimiter)[self.column :: len(columns)]
        quoted = [number for number, line in enumerate(lines) if '"' in line]
        for number in quoted:
            is_closed = self.dialect.is_closed(lines[number].encode())
            if is_closed is None:
                return None
            if not is_closed:
                lines[number] = _written(self.dialect.split(lines[number]), delimiter)
        rows = list(self._table(lines[number] for number in quoted))
        if [len(columns)] * len(quoted) != list(map(len, rows)):
            return None
        for number, row in zip(quoted, rows, strict=True):
            texts[number] = row[self.column]
        return texts, LineRecords(columns, lines, delimiter)

    def _table(self, lines: Iterable[str]) -> Any:
        return read_table(lines, self.dialect.delimiter)

    def find(self, text: str) -> Iterator[Found]:
        """Each row with the lines it stands in."""
        # One byte a character, so that places in it are places in the text.
        structure = text.encode("ascii", "replace")
        start = 0
        while start < len(structure):
            line_end = structure.find(b"\n", start) + 1 or len(structure)
            if structure.find(b'"', start, line_end) < 0:
                yield self._line(text[start:line_end])
                start = line_end
                continue
            end, is_quoted = self.dialect.row_end(structure, start, is_end=True) or (
                line_end,
                False,
            )
            content = text[start:end]
            yield self._quoted(content) if is_quoted else self._line(content)
            start = end

    def _line(self, content: str) -> Found:
        """A line whose quotes, if it has any, are text."""
        line = content.removesuffix("\n").removesuffix("\r")
        return self._checked(content, self.dialect.split(line) if line else [])

    def _quoted(self, content: str) -> Found:
        try:
            lines = io.StringIO(content, newline="\n")
            return self._checked(content, next(self._table(lines), []))
        except csv.Error as error:
            return Found(content, reason=str(error))

    def _checked(self, content: str, row: list[str]) -> Found:
        columns = len(self.layout.columns)
        if row and len(row) != columns:
            header = "header" if self.layout.has_header else "table"
            return Found(content, reason=f"{len(row)} fields where the {header} has {columns}")
        return Found(content, row or None)

    def arrange(self, rows: list[list[str]]) -> Read:
        """The fields of the column that holds the reviews."""
        return [row[self.column] for row in rows], TableRecords(self.layout.columns, rows)

    @property
    def column(self) -> int:
        """Which one holds the reviews."""
        return self.layout.columns.index(self.layout.text_column or "")


def _written(fields: list[str], delimiter: str) -> str:
    """A row as the csv module writes it, without the end of its line."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator="").writerow(fields)
    return stream.getvalue()
