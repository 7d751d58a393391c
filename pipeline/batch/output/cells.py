"""Values as cells of a table, or as JSON where JSON does not know their type."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.files.json_values import json_text

_SEPARATES = ("\t", "\r", "\n")
_BEGINS_FORMULA = ("=", "+", "-", "@", "\N{MINUS SIGN}")
_UNSEEN = "ZCM"
"""Categories of Unicode whose characters are blank, control, or only change their neighbour."""

_HANGUL_FILLERS = "\u115f\u1160\u3164\uffa0"
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def write_table(rows: Iterable[Sequence[Any]], delimiter: str, excel: bool) -> str:
    """Text of a table; with `excel`, lines end as there, and formulas are defused."""
    if excel:
        # Quoted, as Excel parts the cells of this file by ";" where that is the custom.
        dialect: dict[str, Any] = {"lineterminator": "\r\n", "quoting": csv.QUOTE_NONNUMERIC}
        return _table(map(defused, rows), delimiter=delimiter, **dialect)
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
    """The cells, with an apostrophe before those that a spreadsheet may run as a formula (OWASP).

    Characters that it drops or does not show do not hide one. Numbers with a sign are left as they
    are.
    """
    return [f"'{cell}" if _is_formula(cell) else cell for cell in row]


def _is_formula(cell: object) -> bool:
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return False
    return cell.startswith(_SEPARATES) or _first_seen(cell).startswith(_BEGINS_FORMULA)


def _first_seen(cell: str) -> str:
    """The first character that is seen, full-width and other forms as the plain one; "" if none."""
    for character in cell:
        if unicodedata.category(character)[0] not in _UNSEEN and character not in _HANGUL_FILLERS:
            return unicodedata.normalize("NFKC", character)
    return ""


def table_cells(row: Iterable[Any]) -> list[str]:
    """Cells of a row of any values: texts as they are, None empty, all else as JSON has it."""
    return [cell if isinstance(cell, str) else _cell(cell) for cell in row]


def _cell(value: object) -> str:
    text = json_text(value)
    if text == "null":
        return ""
    return text[1:-1] if not isinstance(value, list | dict) and text[0] == '"' else text
