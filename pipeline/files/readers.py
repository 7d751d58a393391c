"""Reading the records of one format: all of a chunk in one go, or one by one where one is odd."""

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.files.columns import TEXT_COLUMNS, find_text_column
from pipeline.files.json_values import MOST_LEVELS, is_too_deep, json_text
from pipeline.files.layouts import Layout
from pipeline.files.records import MISSING_TEXT, JsonRecords, Records, TableRecords

Read = tuple[list[str], Records]
"""Reviews and records of as many rows."""


class Found(NamedTuple):
    """A record as it stands in the file: its row, or why it has none; neither for a blank line."""

    content: str
    row: Any = None
    reason: str | None = None


class Reader(ABC):
    """Reads one format. `layout` is that of the file."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @abstractmethod
    def read(self, text: str) -> Read | None:
        """All rows, quickly; None if any of it is not as it should be."""

    @abstractmethod
    def find(self, text: str) -> Iterator[Found]:
        """Each record, whatever it is; together they are the whole text."""

    @abstractmethod
    def arrange(self, rows: list[Any]) -> Read:
        """Reviews and records of rows that were found."""


class TextReader(Reader):
    """A review a line."""

    def read(self, text: str) -> Read:
        """Lines without their ends."""
        return self.arrange([line.removesuffix("\r") for line in split_lines(text)])

    def find(self, text: str) -> Iterator[Found]:
        """Each line."""
        for line in io.StringIO(text, newline="\n"):
            yield Found(line, line.removesuffix("\n").removesuffix("\r"))

    def arrange(self, rows: list[str]) -> Read:
        """A table of one column."""
        return rows, TableRecords(self.layout.columns, [[text] for text in rows])


class JsonReader(Reader):
    """A JSON object a line; blank lines are none."""

    def read(self, text: str) -> Read | None:
        """The object of each line, None if one is no object with a review."""
        try:
            return self.arrange([self._row(line) for line in split_lines(text)])
        except ValueError:
            return None

    def find(self, text: str) -> Iterator[Found]:
        """Each line."""
        for line in io.StringIO(text, newline="\n"):
            if line.isspace():
                yield Found(line)
                continue
            try:
                yield Found(line, self._row(line))
            except ValueError as error:
                yield Found(line, reason=str(error))

    def _row(self, line: str) -> tuple[str, str, dict[str, Any]]:
        """(review, line, object)."""
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise ValueError("no JSON object")
        if line.count("[") + line.count("{") > MOST_LEVELS and is_too_deep(record):
            raise ValueError(f"more than {MOST_LEVELS} lists and objects in each other")
        if "NaN" in line or "Infinity" in line:
            line = _as_json(line, record)
        column = self.layout.text_column or find_text_column(record, None)
        if column not in record:
            raise ValueError(f"no {self.layout.text_column or ', '.join(TEXT_COLUMNS)}")
        text = record[column]
        if text is None:
            raise ValueError(MISSING_TEXT)
        if not isinstance(text, str):
            raise ValueError(f"the review is {text!r}, not a text")
        return text, line.strip(), record

    def arrange(self, rows: list[Any]) -> Read:
        """Reviews, and lines with their objects."""
        return [row[0] for row in rows], JsonRecords(
            self.layout.columns, [row[1] for row in rows], [row[2] for row in rows]
        )


def _as_json(line: str, record: dict[str, Any]) -> str:
    """The line, or one without NaN and Infinity, which are no JSON; as null in both cases."""
    constants: list[str] = []
    json.loads(line, parse_constant=constants.append)
    return json_text(record) if constants else line


def split_lines(text: str) -> list[str]:
    r"""Lines without their ends; only \n ends one."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines
