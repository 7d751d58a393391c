"""The shape of a file, looked at once: what all its records have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.files.columns import check_names
from pipeline.files.containers import PLAIN
from pipeline.files.dialects import AUTO, NONE, Dialect
from pipeline.files.encodings import Encoding
from pipeline.files.formats import JSON_LINES, PARQUET, TEXT
from pipeline.files.sniffing import NAMES

TABLE = "table"
"""The format of a layout with a dialect; txt, jsonl and Parquet are the others."""


@dataclass(frozen=True)
class ReadSettings:
    """How the user says that inputs are to be read; what is left None or AUTO is looked at.

    `column` holds the reviews: its name or, from 1, its number. `encoding`: any name that Python
    knows. `reserved`: names that no column must have, since an output adds columns of these names.
    `has_header`: False for a table whose first row is data.
    """

    column: str | None = None
    encoding: str | None = None
    reserved: tuple[str, ...] = ()
    delimiter: str | None = None
    quoting: str = AUTO
    has_header: bool | None = None

    def check_names(self, columns: Iterable[str], source: str) -> None:
        """Raise InvalidInput if a column of this source has a reserved name."""
        check_names(columns, self.reserved, source)


@dataclass(frozen=True)
class Layout:
    """The shape of one file.

    `format`: TEXT, TABLE, JSON_LINES or PARQUET; `container`: what it is unpacked from. `columns`:
    of a table, in order; of jsonl, the keys of its first rows. `text_column` is None where each row
    is asked. `head`: bytes before the first row, a byte order mark and the header; `head_lines`:
    lines in them. `has_lone_returns`: its lines end with CR alone.
    """

    name: str
    format: str
    encoding: Encoding
    columns: tuple[str, ...]
    text_column: str | None
    dialect: Dialect | None = None
    has_header: bool = False
    head: int = 0
    head_lines: int = 0
    container: str = PLAIN
    compression: str | None = None
    has_lone_returns: bool = False

    def describe(self) -> str:
        """What was decided, in one line."""
        if self.format == TABLE and not self.columns:
            return f"{self.name}: nothing in it"
        parts = [self._format(), *self._text()]
        return f"{self.name}: {', '.join(part for part in parts if part)}"

    def _format(self) -> str:
        packed = f" ({self.compression})" if self.compression else ""
        if self.container not in (PLAIN, PARQUET):
            return f"{self.container}{packed}"
        names = {TEXT: "a review a line", JSON_LINES: "JSON lines", PARQUET: "Parquet"}
        if self.dialect is None:
            return f"{names[self.format]}{packed}"
        delimiter = self.dialect.delimiter
        return f"table by {NAMES.get(delimiter, repr(delimiter))}{packed}"

    def _text(self) -> list[str]:
        parts = [self.encoding.name, "lines end with CR" if self.has_lone_returns else ""]
        if self.container != PLAIN:
            parts = []
        if self.dialect is not None:
            parts.append("quotes are text" if self.dialect.quoting == NONE else "")
            parts.append("header" if self.has_header else "no header")
        if self.text_column is not None and self.format != TEXT:
            number = f" ({self.columns.index(self.text_column) + 1})" if self.columns else ""
            parts.append(f"reviews in column {self.text_column!r}{number}")
        return parts

    def decision(self) -> dict[str, object]:
        """What a resumed run must decide again."""
        dialect = self.dialect
        table = (dialect.delimiter, dialect.quoting, dialect.columns) if dialect else ()
        return {
            "format": self.format,
            "container": self.container,
            "encoding": self.encoding.original or self.encoding.codec,
            "table": list(table),
            "has_header": self.has_header,
            "text_column": self.text_column,
        }
