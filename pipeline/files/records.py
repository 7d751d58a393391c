"""Rows as they were read, of each format, and the rows that could not be read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pipeline.files.arrow_values import values
from pipeline.files.tables import read_table

if TYPE_CHECKING:
    import pyarrow as pa


MISSING_TEXT = "the review is missing (null), not a text"


class Reject(NamedTuple):
    """A row that could not be read: where it is, why, and what it holds.

    `offset` is the byte at which it begins, in the decompressed file; None in Parquet.
    """

    input: str
    line: int
    offset: int | None
    reason: str
    content: str

    def __str__(self) -> str:
        place = "" if self.offset is None else f", byte {self.offset}"
        return f"{self.input}, line {self.line}{place}: {self.reason}"


class Records(Protocol):
    """The rows of a chunk, all of one format."""

    def __len__(self) -> int: ...

    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""

    def rows(self) -> Iterable[Sequence[Any]]:
        """The fields of each row, in the order of the columns."""


@dataclass(frozen=True)
class TableRecords:
    """Rows of csv, tsv or txt: texts."""

    names: tuple[str, ...]
    fields: list[list[str]]

    def __len__(self) -> int:
        return len(self.fields)

    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.names

    def rows(self) -> Iterable[Sequence[str]]:
        """The fields of each row."""
        return self.fields


@dataclass(frozen=True)
class LineRecords:
    """Rows of csv or tsv, each a line as it stands in the file, of fields that are texts."""

    names: tuple[str, ...]
    lines: list[str]
    delimiter: str

    def __len__(self) -> int:
        return len(self.lines)

    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.names

    def rows(self) -> Iterable[Sequence[str]]:
        """The fields of each row."""
        return read_table(self.lines, self.delimiter)


@dataclass(frozen=True)
class JsonRecords:
    """Rows of jsonl: the line of each as it is, and the object it holds.

    `names`: the keys of the first rows of the file, which are the columns where a table is made.
    """

    names: tuple[str, ...]
    lines: list[str]
    objects: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.lines)

    def columns(self) -> tuple[str, ...]:
        """Keys of the first objects of the file."""
        return self.names

    def unknown_key(self) -> tuple[str, str] | None:
        """(Line, key) of the first row with a key that is no column, None if there is none."""
        known = frozenset(self.names)
        for line, record in zip(self.lines, self.objects, strict=True):
            if not known.issuperset(record):
                return line, next(key for key in record if key not in known)
        return None

    def rows(self) -> Iterator[Sequence[Any]]:
        """The values of each object, in the order of the columns; None for a key that it lacks."""
        return ([record.get(column) for column in self.names] for record in self.objects)


@dataclass(frozen=True)
class ArrowRecords:
    """Rows of Parquet."""

    batch: "pa.RecordBatch"

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.batch.schema.names)

    def rows(self) -> Iterable[Sequence[Any]]:
        """The values of each row."""
        return zip(*map(values, self.batch.columns), strict=True)


def column_of(records: Records, name: str) -> list[Any]:
    """The values of one column; None where an object lacks it."""
    if isinstance(records, JsonRecords):
        return [record.get(name) for record in records.objects]
    if isinstance(records, ArrowRecords):
        return values(records.batch.column(name))
    place = records.columns().index(name)
    return [row[place] for row in records.rows()]


def columns_of(records: Records, names: Iterable[str]) -> dict[str, list[Any]]:
    """The values of these columns, by name, in one pass; None where an object lacks one."""
    if isinstance(records, JsonRecords | ArrowRecords):
        return {name: column_of(records, name) for name in names}
    places = {name: records.columns().index(name) for name in names}
    rows = records.rows() if places else ()
    picked: dict[str, list[Any]] = {name: [] for name in places}
    for row in rows:
        for name, place in places.items():
            picked[name].append(row[place])
    return picked


class Parsed(NamedTuple):
    """The rows of a chunk that could be read, their reviews, and the others."""

    texts: list[str]
    records: Records
    rejects: list[Reject]
