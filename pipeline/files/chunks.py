"""Cutting a text file into chunks of whole records, each of which can be scored on its own.

Where a chunk ends depends on the bytes of the file alone, so that a resumed run cuts as the first.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.files.dialects import NONE, Dialect
from pipeline.files.layouts import Layout
from pipeline.files.tables import LARGEST_FIELD
from pipeline.files.windows import Window

LARGEST_RECORD = LARGEST_FIELD
TOO_LONG = "longer than 4 MiB"
SHOWN = 1024


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
            content = content[:SHOWN]
            length += _skip_line(window, layout)
        end = start.moved(length, lines)
        yield Chunk(layout, content, start, end, defect)
        start = end


def cut(buffer: bytes, layout: Layout, is_end: bool) -> tuple[int, str | None]:
    """Return (bytes of whole records at the beginning, what is wrong with them if anything is).

    0 if more must be read to tell. Where a quote is still open after 4 MiB it is text, and the line
    that holds it is a record.
    """
    unit, structure = layout.encoding.unit, layout.encoding.structure(buffer)
    if length := whole_records(structure, layout.dialect, is_end):
        return min(length * unit, len(buffer)), None
    if not is_end and len(buffer) < LARGEST_RECORD:
        return 0, None
    if line := structure.find(b"\n") + 1:
        return line * unit, None
    return len(buffer), None if is_end else TOO_LONG


def whole_records(structure: bytes, dialect: Dialect | None, is_end: bool) -> int:
    """Length of the whole records at the beginning; a record of a table may have several lines.

    A line without a quote that begins where a record begins is a record; only the others are
    looked at more closely.
    """
    end = len(structure) if is_end else structure.rfind(b"\n") + 1
    if dialect is None or dialect.quoting == NONE:
        return end
    position = 0
    while (quote := structure.find(b'"', position, end)) >= 0:
        start = max(position, structure.rfind(b"\n", position, quote) + 1)
        found = dialect.row_end(structure, start, is_end)
        if found is None:
            return start
        position = found.end
    return max(position, end)


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
