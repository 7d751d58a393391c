"""Spreadsheets (.xlsx, .xls, .ods) as comma-separated text; python-calamine is an extra."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import IO, Any

from pipeline.errors import InvalidInput, ResourceUnavailable


def spreadsheet_to_csv(content: IO[bytes], name: str) -> bytes:
    """The first sheet that holds anything, in UTF-8, a row a record.

    Raises InvalidInput where it cannot be read or is empty, ResourceUnavailable without the extra.
    """
    for rows in _sheets(content, name):
        filled = [row for row in rows if any(cell not in ("", None) for cell in row)]
        if filled:
            return _to_csv(filled)
    raise InvalidInput(f"{name} holds no rows. Give a file with at least one review.")


def _sheets(content: IO[bytes], name: str) -> list[list[list[Any]]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise ResourceUnavailable(
            f"{name} is a spreadsheet, which needs python-calamine. Install the extra: "
            "pip install 'sentiment-toolkit[excel]'."
        ) from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content.read()))
        return [book.get_sheet_by_name(sheet).to_python() for sheet in book.sheet_names]
    except CalamineError as error:
        raise InvalidInput(f"{name} cannot be read as a spreadsheet ({error}).") from None


def _to_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    width = max(place + 1 for row in rows for place, cell in enumerate(row) if cell != "")
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([_cell(cell) for cell in row[:width]] for row in rows)
    return stream.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> str:
    """A cell as a spreadsheet shows it: 5.0 is 5, dates are as in ISO 8601."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return "" if value is None else str(value)
