"""Reading reviews from txt, csv, tsv and jsonl, row by row, with every column kept."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipeline.errors import InvalidInput

TEXT_COLUMNS = ("document", "text", "review")
STANDARD_STREAM = "-"

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A file of reviews, or standard input under the name "-".

    `format`: txt, csv, tsv or jsonl; None tells it by the file's suffix. `column` holds the text;
    None takes the first of document, text, review that is there.
    """

    path: str
    format: str | None = None
    column: str | None = None
    encoding: str = "utf-8"

    def rows(self) -> Iterator[tuple[Row, str]]:
        """Yield (row, text) in file order; InvalidInput, with the line, for what is no row."""
        read = READERS[self._format()]
        if self.path == STANDARD_STREAM:
            yield from read(self, sys.stdin.buffer)
            return
        with Path(self.path).open("rb") as file:
            yield from read(self, file)

    def _format(self) -> str:
        if self.format is not None:
            return self.format
        suffix = Path(self.path).suffix.lower().removeprefix(".")
        if self.path == STANDARD_STREAM:
            return "txt"
        if suffix not in READERS:
            raise InvalidInput(
                f"{self.path}: the suffix does not tell the format. Name it with --format "
                f"{'|'.join(READERS)}."
            )
        return suffix

    def lines(self, file: IO[bytes]) -> Iterator[str]:
        r"""Decode line by line, so that a wrong byte is found by its line. Only \\n ends a line."""
        for number, line in enumerate(file, 1):
            try:
                text = line.decode(self.encoding)
            except UnicodeDecodeError as error:
                raise InvalidInput(
                    f"{self.name}, line {number}: byte {line[error.start]:#04x} is not "
                    f"{self.encoding}. Korean Excel writes CP949: try --encoding cp949."
                ) from None
            yield text.removeprefix("\ufeff") if number == 1 else text

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path == STANDARD_STREAM else self.path

    def text_of(self, row: Row, line: int) -> str:
        """The review in a row."""
        text = row.get(self.text_column(list(row)))
        if not isinstance(text, str):
            raise InvalidInput(
                f"{self.name}, line {line}: the review is {text!r}, not a text. Mend that line."
            )
        return text

    def text_column(self, columns: list[str]) -> str:
        """Name of the column that holds the reviews."""
        if self.column is not None:
            if self.column in columns:
                return self.column
            raise InvalidInput(
                f"{self.name} has no column {self.column!r}; it has {', '.join(columns)}."
            )
        for name in TEXT_COLUMNS:
            if name in columns:
                return name
        raise InvalidInput(
            f"{self.name} has no column {', '.join(TEXT_COLUMNS)}; it has {', '.join(columns)}. "
            "Name the one that holds the reviews with --column."
        )


def _read_txt(source: Source, file: IO[bytes]) -> Iterator[tuple[Row, str]]:
    for line in source.lines(file):
        text = line.removesuffix("\n").removesuffix("\r")
        yield {"text": text}, text


def _read_table(source: Source, file: IO[bytes], delimiter: str) -> Iterator[tuple[Row, str]]:
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(source.lines(file), delimiter=delimiter)
    try:
        header = next(rows, None)
        if header is None:
            return
        if len(set(header)) < len(header):
            raise InvalidInput(f"{source.name}: two columns have the same name. Rename one.")
        column = source.text_column(header)
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise InvalidInput(
                    f"{source.name}, line {rows.line_num}: {len(row)} fields where the header has "
                    f"{len(header)}. Mend that line."
                )
            record = dict(zip(header, row, strict=True))
            yield record, record[column]
    except csv.Error as error:
        raise InvalidInput(f"{source.name}, line {rows.line_num}: {error}.") from None


def _read_csv(source: Source, file: IO[bytes]) -> Iterator[tuple[Row, str]]:
    return _read_table(source, file, ",")


def _read_tsv(source: Source, file: IO[bytes]) -> Iterator[tuple[Row, str]]:
    return _read_table(source, file, "\t")


def _read_jsonl(source: Source, file: IO[bytes]) -> Iterator[tuple[Row, str]]:
    for number, line in enumerate(source.lines(file), 1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise InvalidInput(f"{source.name}, line {number}: no JSON object. Mend that line.")
        yield row, source.text_of(row, number)


READERS: dict[str, Callable[[Source, IO[bytes]], Iterator[tuple[Row, str]]]] = {
    "txt": _read_txt,
    "csv": _read_csv,
    "tsv": _read_tsv,
    "jsonl": _read_jsonl,
}
