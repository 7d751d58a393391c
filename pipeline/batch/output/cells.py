"""Values as cells of a table, or as JSON where JSON does not know their type."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.files.json_values import json_value

_FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def write_table(rows: Iterable[Sequence[Any]], delimiter: str, excel: bool) -> str:
    """Text of a table; with `excel`, lines end as there, and formulas are defused."""
    if excel:
        return _table(map(defused, rows), delimiter=delimiter, lineterminator="\r\n")
    rows = list(rows)
    text = _table(rows, delimiter=delimiter, lineterminator="\n")
    if "\r" not in text:
        return text
    # Python before 3.13 leaves a lone "\r" unquoted, which then ends the row for whoever reads it.
    return _table(rows, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)


def _table(rows: Iterable[Sequence[Any]], **dialect: Any) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, **dialect).writerows(rows)
    return stream.getvalue()


def defused(row: Iterable[Any]) -> list[Any]:
    """The cells, with an apostrophe before those that Excel would run as a formula (OWASP).

    Numbers with a sign are left as they are.
    """
    return [f"'{cell}" if _is_formula(cell) else cell for cell in row]


def _is_formula(cell: object) -> bool:
    return isinstance(cell, str) and bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell)


def table_cells(row: Iterable[Any]) -> list[str]:
    """Cells of a row of any values: texts as they are, None empty, all else as JSON has it."""
    return [cell if isinstance(cell, str) else _cell(cell) for cell in row]


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False, default=json_value)
    return text[1:-1] if not isinstance(value, list | dict) and text[0] == '"' else text
