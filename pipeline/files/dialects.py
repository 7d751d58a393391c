"""How a table is written, and where its rows end: a line each, or a quoted field over several.

A quote that closes nothing is text. Whether a quote opens a field over several lines is decided by
what stands between it and the quote that would close it: a field as the csv module writes it ends
with a quote before a delimiter or a line end, and the lines inside do not look like rows of the
table. Bytes are looked at in which a delimiter, a quote or a line end is never a part of another
character (`Encoding.structure`).
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

AUTO, CSV, NONE = "auto", "csv", "none"
QUOTINGS = (AUTO, CSV, NONE)

MOST_LINES = 100
"""Lines of one field: a review has fewer, so more of them are rows, and the quote is text."""
FEWEST_ALIKE = 3
"""Lines inside a field that all have as many fields as the table before they count as rows."""

_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
_LINE_END = re.compile(rb"\r?(?:\n|\Z)")
_NUMBER = re.compile(rb'"?[+-]?\d+(?:\.\d+)?"?\r?')


class RowEnd(NamedTuple):
    """Where a row ends, and whether its quotes are those of fields; else they are text."""

    end: int
    is_quoted: bool


class _Fields(NamedTuple):
    """How many fields a row has, and where it ends; beyond the bytes where a quote is open."""

    number: int
    end: int


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    `delimiter` stands between fields, of which there are `columns`. `quoting`: CSV where each quote
    is as the csv module writes it, NONE where each is text, AUTO where each row is looked at.
    `numeric`: columns, from 0, that hold numbers in the first rows: a line that has numbers there
    looks like a row. `is_open_ended`: further delimiters belong to the last field.
    """

    delimiter: str
    columns: int
    quoting: str = AUTO
    numeric: tuple[int, ...] = ()
    is_open_ended: bool = False

    def row_end(self, structure: bytes, start: int, is_end: bool) -> RowEnd | None:
        """The end of the row that begins at `start` with a line that holds quotes.

        None if more bytes are needed to tell; `is_end`: there are none.
        """
        size = len(structure)
        line_end = structure.find(b"\n", start) + 1 or size
        as_text = RowEnd(line_end, False)
        fields = self._strict_fields(structure, start) if self.quoting != NONE else None
        if fields is None:
            return as_text
        if fields.end > size:
            return as_text if is_end or self._goes_on(structure[line_end:]) else None
        if fields.end == size and not is_end and not structure.endswith(b"\n"):
            return None
        if fields.end <= line_end:
            return RowEnd(fields.end, True)
        first, inside = structure[start : line_end - 1], structure[line_end : fields.end]
        if fields.number != self.columns or self._goes_on(inside) or self._swallows(first, inside):
            return as_text
        return RowEnd(fields.end, True)

    def _strict_fields(self, structure: bytes, start: int) -> _Fields | None:
        """The fields of a row as the csv module writes one.

        None where a quote closes before something else than a delimiter or a line end.
        """
        place, count, size = start, 0, len(structure)
        while True:
            count += 1
            pattern = _QUOTED if structure.startswith(b'"', place) else self._plain
            field = pattern.match(structure, place)
            if field is None:
                return _Fields(count, size + 1)
            place = field.end()
            if structure.startswith(self._delimiter, place):
                place += 1
            elif line_end := _LINE_END.match(structure, place):
                return _Fields(count, line_end.end())
            else:
                return None

    def _goes_on(self, lines: bytes) -> bool:
        """Whether rows go on in what would be a quoted field, for it has too many lines.

        It stays true when more bytes have come.
        """
        return self.quoting == AUTO and lines.count(b"\n") > MOST_LINES

    def _swallows(self, first: bytes, inside: bytes) -> bool:
        """Whether what would be one row is rows, from the line with the quote to the last one.

        The first line of a field over several is no row where columns follow the field, its last is
        none where columns go before it; so both must be, and most of those between. Without numbers
        by which to tell rows, there must be several lines that are alike.
        """
        if self.quoting != AUTO or not self._is_row(first):
            return False
        lines = inside.removesuffix(b"\n").split(b"\n")
        if not self.numeric:
            return self._are_alike(lines)
        return self._is_row(lines[-1]) and 2 * sum(map(self._is_row, lines)) >= len(lines)

    def _is_row(self, line: bytes) -> bool:
        """Whether a line has as many fields as the table, and numbers where that has some."""
        fields = line.split(self._delimiter)
        if len(fields) != self.columns:
            return False
        return all(_NUMBER.fullmatch(fields[column]) for column in self.numeric)

    def _are_alike(self, lines: list[bytes]) -> bool:
        """Whether all of several lines inside a quoted field have as many fields as the table."""
        if self.columns < 2:
            return False
        counts = [line.count(self._delimiter) for line in lines]
        return len(counts) >= FEWEST_ALIKE and set(counts) == {self.columns - 1}

    def is_closed(self, line: bytes) -> bool | None:
        """Whether each quote of a line opens and closes a field in it; None if one stays open."""
        fields = self._strict_fields(line, 0) if self.quoting != NONE else None
        return False if fields is None else True if fields.end <= len(line) else None

    def split(self, line: str) -> list[str]:
        """The fields of a row whose quotes are text; those around a whole field are taken off."""
        most = self.columns - 1 if self.is_open_ended else -1
        fields = line.split(self.delimiter, most)
        if self.quoting == NONE:
            return fields
        return [f[1:-1] if len(f) > 1 and f[0] == f[-1] == '"' else f for f in fields]

    @cached_property
    def _delimiter(self) -> bytes:
        return self.delimiter.encode("ascii")

    @cached_property
    def _plain(self) -> re.Pattern[bytes]:
        r"""A field without quotes around it; a lone \r is a character of it."""
        other = re.escape(self._delimiter)
        return re.compile(rb"(?:[^\r\n%b]++|\r(?!\n|\Z))*+" % other)
