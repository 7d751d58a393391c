"""Reading the records of csv and tsv."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.files.formats import DELIMITERS
from pipeline.files.readers import Found, Read, Reader, split_lines
from pipeline.files.records import LineRecords, TableRecords
from pipeline.files.tables import read_table

_MEANINGLESS = {
    delimiter: bytes(set(range(256)) - set(f"{delimiter}\r\n".encode()))
    for delimiter in DELIMITERS.values()
}
"""The bytes of UTF-8 that neither separate fields nor end lines."""


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
        lines = split_lines(text)
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
