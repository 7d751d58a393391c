"""A JSON document as JSON lines: an array of objects, or columns as pandas writes them.

An array is read element by element. Columns have the last of a row at the end of the document, so
they are read as a whole, up to a size. Every step runs under the limit that Parquet has.
"""

from collections.abc import Generator, Iterable, Iterator
from typing import IO, Any

from pipeline.errors import InvalidInput
from pipeline.files.json_arrays import BLOCK, JsonText, decoder
from pipeline.files.json_values import json_text
from pipeline.files.memory_limit import READING_MEMORY, memory_limit

LARGEST_COLUMNS = 64 * 2**20
"""Bytes of a document of columns."""


def json_lines(content: IO[bytes], name: str) -> Generator[bytes]:
    """Yield a line for each row of the document, in UTF-8, about a MiB at a time.

    Raises InvalidInput for any other document, when it comes to where that shows.
    """
    lines = _lines(content, name)
    while block := _block(lines, name):
        yield block


def _block(lines: Iterator[bytes], name: str) -> bytes:
    """The next lines; the limit is for reading them alone, not for what is done with them."""
    block = bytearray()
    try:
        with memory_limit(READING_MEMORY):
            while len(block) < BLOCK and (line := next(lines, b"")):
                block += line
    except MemoryError:
        raise InvalidInput(
            f"{name} needs more than {READING_MEMORY // 2**20} MiB of memory to be read, or is an "
            f"object of more than {LARGEST_COLUMNS // 2**20} MiB. Write it as JSON lines, for "
            "example with `jq -c '.[]' in.json > out.jsonl` if it is an array, or give "
            "--input-format jsonl if each of its lines is an object."
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{name} is no JSON document ({error}). If each line is an object of its own, give "
            "--input-format jsonl."
        ) from None
    return bytes(block)


def _lines(content: IO[bytes], name: str) -> Iterator[bytes]:
    for number, row in enumerate(_rows(content), start=1):
        if not isinstance(row, dict):
            raise InvalidInput(
                f"{name} is neither an array of objects nor an object of columns. Write it as "
                '[{"text": "…"}, …].'
            )
        yield f"{_line(row, number, name)}\n".encode("utf-8", "backslashreplace")


def _line(row: dict[str, Any], number: int, name: str) -> str:
    try:
        return json_text(row)
    except RecursionError:
        raise InvalidInput(
            f"{name}: row {number} has too many lists and objects in each other. Leave it out."
        ) from None


def _rows(content: IO[bytes]) -> Iterable[Any]:
    """Rows, or what stands where they should."""
    text = JsonText(content)
    if text.peek() == "[":
        return text.elements()
    rows = _transposed(decoder.decode(text.rest(LARGEST_COLUMNS)))
    return [None] if rows is None else rows


def _transposed(document: Any) -> Iterable[dict[str, Any]] | None:
    """The rows of columns, which are lists or objects; None for anything else."""
    if not isinstance(document, dict) or not document:
        return None
    columns = list(document.values())
    if all(isinstance(column, list) for column in columns):
        keys: Iterable[Any] = range(len(columns[0]))
        alike = len({len(column) for column in columns}) == 1
    elif all(isinstance(column, dict) for column in columns):
        keys = columns[0]
        alike = all(column.keys() == columns[0].keys() for column in columns)
    else:
        return None
    return ({n: c[key] for n, c in document.items()} for key in keys) if alike else None
