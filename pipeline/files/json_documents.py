"""A JSON document as JSON lines: an array of objects, or columns as pandas writes them."""

import json
from collections.abc import Iterable
from typing import Any

from pipeline.errors import InvalidInput
from pipeline.files.json_values import json_text


def json_to_lines(content: bytes, name: str) -> bytes:
    """A line for each row of the document, in UTF-8; raises InvalidInput for any other document."""
    try:
        document = json.loads(content, parse_constant=lambda _: None)  # NaN is no JSON
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{name} is no JSON document ({error}). If each line is an object of its own, give "
            "--input-format jsonl."
        ) from None
    rows = _rows(document)
    if rows is None:
        raise InvalidInput(
            f"{name} is neither an array of objects nor an object of columns. Write it as "
            '[{"text": "…"}, …].'
        )
    lines = (_line(row, number, name) + "\n" for number, row in enumerate(rows, start=1))
    return "".join(lines).encode("utf-8", "backslashreplace")


def _line(row: dict[str, Any], number: int, name: str) -> str:
    try:
        return json_text(row)
    except RecursionError:
        raise InvalidInput(
            f"{name}: row {number} has too many lists and objects in each other. Leave it out."
        ) from None


def _rows(document: Any) -> Iterable[dict[str, Any]] | None:
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        return document
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
    return [{n: c[key] for n, c in document.items()} for key in keys] if alike else None
