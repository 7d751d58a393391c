"""Cutting a text file into chunks of whole records, each of which can be scored on its own.

Where a chunk ends depends on the bytes of the file alone, so that a resumed run cuts as the first.
"""

import csv
from collections.abc import Iterator
from typing import IO, NamedTuple, Self

from pipeline.files.layouts import Layout
from pipeline.files.tables import LARGEST_FIELD, read_table

LARGEST_RECORD = LARGEST_FIELD
UNCLOSED = "a quoted field begins here that is not closed within 4 MiB"
TOO_LONG = "longer than 4 MiB"
_SHOWN = 1024


class Position(NamedTuple):
    """A place between two records: number of the input, from 0; byte offset; line, from 1.

    In Parquet, offset and line are those of the row, from 0 and from 1.
    """

    source: int = 0
    offset: int = 0
    line: int = 1

    def moved(self, offset: int, lines: int) -> "Position":
        """The place so many bytes and lines further on."""
        return Position(self.source, self.offset + offset, self.line + lines)


BEGINNING = Position()


class Chunk(NamedTuple):
    """Whole records of one file. `defect`: why they are no record, where it is seen already.

    `read`: bytes of the file, as stored, that have been read by now.
    """

    layout: Layout
    content: bytes
    start: Position
    end: Position
    defect: str | None = None
    read: int = 0


class Window:
    """A stream that can be looked ahead into."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = b""

    def look(self, size: int) -> tuple[bytes, bool]:
        """Return (the next `size` bytes, or all that are left; whether nothing comes behind)."""
        while len(self._ahead) <= size and (more := self._stream.read(size + 1 - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size], len(self._ahead) <= size

    def skip(self, size: int) -> None:
        """Go on by `size` bytes that were looked at."""
        self._ahead = self._ahead[size:]


def text_chunks(window: Window, layout: Layout, start: Position, size: int) -> Iterator[Chunk]:
    """Yield chunks of about `size` bytes from `start` on, which is where the window is."""
    wanted = size
    while True:
        buffer, is_end = window.look(wanted)
        if not buffer:
            return
        length, defect = cut(buffer, layout, is_end)
        if not length:  # not one whole record: look further
            wanted += size
            continue
        wanted = size
        window.skip(length)
        content = buffer[:length]
        lines = 1 if defect else layout.encoding.structure(content).count(b"\n")
        if defect == TOO_LONG:
            content = content[:_SHOWN]
            length += _skip_line(window, layout)
        end = start.moved(length, lines)
        yield Chunk(layout, content, start, end, defect)
        start = end


def cut(buffer: bytes, layout: Layout, is_end: bool) -> tuple[int, str | None]:
    """Return (bytes of whole records at the beginning, what is wrong with them if anything is).

    0 if more must be read to tell. A quote that is not closed costs the line in which it is opened,
    no more.
    """
    unit, structure = layout.encoding.unit, layout.encoding.structure(buffer)
    if length := whole_records(structure, layout.delimiter, is_end):
        return min(length * unit, len(buffer)), None
    if not is_end and len(buffer) < LARGEST_RECORD:
        return 0, None
    if line := structure.find(b"\n") + 1:
        return line * unit, UNCLOSED
    return len(buffer), UNCLOSED if is_end else TOO_LONG


def whole_records(structure: bytes, delimiter: str | None, is_end: bool) -> int:
    """Length of the whole records at the beginning; a record of a table may have several lines.

    A line without a quote that begins where a record begins is a record; only the others are read
    as a table here.
    """
    end = len(structure) if is_end else structure.rfind(b"\n") + 1
    if delimiter is None:
        return end
    position = 0
    while (quote := structure.find(b'"', position, end)) >= 0:
        start = max(position, structure.rfind(b"\n", position, quote) + 1)
        closed = _record_end(structure, start, end, delimiter)
        if closed is None:
            return start
        position = closed
    return end


class _Lines:
    """The lines of a buffer for the csv module, with a note of how far it has read."""

    def __init__(self, structure: bytes, start: int, end: int) -> None:
        self.structure, self.position, self.end = structure, start, end
        self.is_exhausted = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self.position >= self.end:
            self.is_exhausted = True
            raise StopIteration
        line_end = self.structure.find(b"\n", self.position, self.end) + 1 or self.end
        line, self.position = self.structure[self.position : line_end], line_end
        return line.decode("latin-1")


def _record_end(structure: bytes, start: int, end: int, delimiter: str) -> int | None:
    """Where the record ends that begins at `start`; None if it is open at `end`."""
    lines = _Lines(structure, start, end)
    try:
        next(read_table(lines, delimiter))
    except csv.Error:  # a row that is none: to be told when it is parsed
        return lines.position
    return None if lines.is_exhausted else lines.position


def _skip_line(window: Window, layout: Layout) -> int:
    """Go on to the next line; return by how many bytes."""
    skipped, unit = 0, layout.encoding.unit
    while True:
        block, is_end = window.look(LARGEST_RECORD)
        line_end = layout.encoding.structure(block).find(b"\n") + 1
        length = min(line_end * unit, len(block)) if line_end else len(block)
        window.skip(length)
        skipped += length
        if line_end or is_end:
            return skipped
