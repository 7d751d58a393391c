"""Reading the records of a chunk; what is no record is put aside and costs no other.

Each format is read in one go first. Only where that meets something odd is the chunk read again
record by record, to find out where and why.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.files import parquet
from pipeline.files.chunks import Chunk
from pipeline.files.formats import JSON_LINES, PARQUET, TEXT
from pipeline.files.layouts import TABLE
from pipeline.files.readers import Found, JsonReader, Reader, TextReader
from pipeline.files.records import Parsed, Reject
from pipeline.files.table_reader import TableReader

READERS: dict[str, type[Reader]] = {
    TEXT: TextReader,
    TABLE: TableReader,
    JSON_LINES: JsonReader,
}


def parse_chunk(chunk: Chunk) -> Parsed:
    """Rows and rejects of a chunk of any format."""
    return parquet.parse(chunk) if chunk.layout.format == PARQUET else parse_text(chunk)


def parse_text(chunk: Chunk) -> Parsed:
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
        reason = chunk.defect or encoding.damage(content) or reason
        if reason is not None:
            shown = content.encode("utf-8", "backslashreplace").decode("utf-8")
            rejects.append(Reject(chunk.layout.name, place.line, place.offset, reason, shown))
        elif row is not None:
            rows.append(row)
        place = place.moved(encoding.size(content), content.count("\n"))
    return rows, rejects
