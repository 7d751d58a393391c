"""Child process that reads a file of reviews for `POST /rows`, with the readers of `predict`.

A file may be made so that its reader takes any amount of memory: a spreadsheet of a kilobyte whose
only cell is the last one ends the process. So it is never read by a worker of the server.
"""

import io
import json
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from pipeline.batch.output.cells import table_cells
from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.files.chunks import Position
from pipeline.files.columns import UnclearColumn
from pipeline.files.encoding_detection import OtherEncoding
from pipeline.files.formats import INPUT_FORMATS, PARQUET, STANDARD_STREAM, TEXT
from pipeline.files.layouts import Layout, ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import Input, read_chunks
from pipeline.files.records import Reject
from pipeline.files.sources import Source

MOST_MEMORY = 2**30
"""Bytes of address space, of which the interpreter takes a tenth."""
MOST_CHARACTERS = 2**24
"""Of the answer: a compressed file may hold a thousand times its size."""
CHUNK_BYTES = 2**16
REFUSED = 3
"""Exit code where the file has no rows for us; the reason is printed."""


class TooLarge(Exception):
    """The file holds more rows than are wanted, or larger ones."""


class Rows(NamedTuple):
    """The rows of a file: what `POST /rows` answers with.

    `text_column` is None, and `texts` empty, where it is not clear which column holds the reviews.
    """

    columns: list[str]
    text_column: str | None
    encoding: str
    texts: list[str]
    rows: list[list[str]]
    rejects: list[dict[str, Any]]


def read_rows(content: bytes, suffix: str, column: str | None, most_rows: int) -> Rows:
    """Read a file of this suffix; raises InvalidInput, or TooLarge beyond `most_rows`.

    What `predict` asks its user to name is tried here: the encoding that its message suggests.
    """
    settings = ReadSettings(column=column)
    with suppress(UnclearColumn):
        try:
            return _read(content, suffix, settings, most_rows)
        except OtherEncoding as error:
            settings = replace(settings, encoding=error.codec)
            return _read(content, suffix, settings, most_rows)
    found = _read(content, suffix, replace(settings, column="1"), most_rows)
    return found._replace(text_column=None, texts=[])


def _read(content: bytes, suffix: str, settings: ReadSettings, most_rows: int) -> Rows:
    sys.stdin = io.TextIOWrapper(io.BytesIO(content))  # what a source called "-" is read from
    # A .txt may be anything, as for predict; Parquet is read from a file, which there is not.
    given = suffix if suffix in INPUT_FORMATS and suffix not in (TEXT, PARQUET) else None
    source = Source.named(STANDARD_STREAM, given)
    layouts: list[Layout] = []
    texts: list[str] = []
    rows: list[list[str]] = []
    rejects: list[Reject] = []
    inputs = [Input(source, settings, None)]
    for chunk in read_chunks(inputs, Position(), CHUNK_BYTES, layouts.append):
        parsed = parse_chunk(chunk)
        texts += parsed.texts
        rows += map(table_cells, parsed.records.rows())
        rejects += parsed.rejects
        if len(rows) + len(rejects) > most_rows:
            raise TooLarge
    layout = layouts[0]
    refused = [{"line": reject.line, "reason": reject.reason} for reject in rejects]
    columns, encoding = list(layout.columns), layout.encoding.name
    return Rows(columns, layout.text_column, encoding, texts, rows, refused)


def _limit_memory() -> None:
    with suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def answer(asked: dict[str, Any], content: bytes) -> str:
    """The rows of a file as JSON; raises SystemExit (REFUSED), its reason printed, without them."""
    try:
        text = json.dumps(read_rows(content, **asked)._asdict())
        if len(text) > MOST_CHARACTERS:
            raise TooLarge
        return text
    except TooLarge:
        reason = "file_too_large"
    except ResourceUnavailable:
        reason = "reader_missing"
    except (InvalidInput, OSError, MemoryError):
        reason = "file_refused"
    print(reason, end="")
    sys.exit(REFUSED)


def main() -> None:
    """Read what is asked, a line of JSON, then the file; print the answer."""
    _limit_memory()
    asked = json.loads(sys.stdin.buffer.readline())
    print(answer(asked, sys.stdin.buffer.read()), end="")


if __name__ == "__main__":
    main()
