"""Labelled reviews, out of a file of any format that is read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.digests import sha256
from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import Layout, ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import ignore, look_at, read_chunks
from pipeline.files.records import MISSING_TEXT, Parsed, column_of, columns_of
from pipeline.files.sources import Source
from pipeline.reviews.label_columns import label_column
from pipeline.reviews.label_values import COMMON, HOW, LabelValues, key

CHUNK_BYTES = 2**20
MOST_UNKNOWN = 0.1
"""Share of rows that may have other labels than are understood by themselves."""


@dataclass(frozen=True)
class LabelledSettings:
    """How a labelled file is read; `labels` is None where its values are to be understood."""

    read: ReadSettings = field(default_factory=ReadSettings)
    input_format: str | None = None
    label_column: str | None = None
    labels: LabelValues | None = None


@dataclass(frozen=True)
class Reviews:
    """Labelled reviews in file order; labels are 0 (negative) and 1 (positive).

    `sha256` is that of the whole file, in hexadecimal. `left_out`: how many rows are not among
    them, by label, "" for none. `without_text`: how many rows have no text; those whose text is
    empty, not missing, are among the reviews. `columns`: the values of the file's other columns, of
    each review, where they were asked for.
    """

    texts: list[str]
    labels: list[int]
    sha256: str
    left_out: Mapping[str, int] = field(default_factory=dict)
    without_text: int = 0
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Iterable[int]) -> "Reviews":
        """The reviews of these rows, in this order."""
        chosen = list(rows)
        return replace(
            self,
            texts=[self.texts[row] for row in chosen],
            labels=[self.labels[row] for row in chosen],
            columns=_rows_of(self.columns, chosen),
        )

    def describe(self) -> str:
        """How many there are, and what was left out, in one line."""
        positive = sum(self.labels)
        line = f"{len(self):,} reviews, {positive:,} positive, {len(self) - positive:,} negative"
        others = [f"{value or 'no label'} ({rows:,} rows)" for value, rows in self.left_out.items()]
        if others:
            line += f"; left out by label: {', '.join(others)}"
        return line + (f"; {self.without_text:,} rows have no text" if self.without_text else "")


Tell = Callable[[str], None]
"""Called with lines about what was decided and read."""

AS_FOUND = LabelledSettings()
"""Nothing said: columns and labels are found by their names and values."""


def read_reviews(
    path: Path,
    settings: LabelledSettings = AS_FOUND,
    tell: Tell = ignore,
    with_columns: bool = False,
) -> Reviews:
    """Read a labelled file; rows whose label is neither positive nor negative are counted.

    `tell` is called with a line about its shape, and one about its reviews. `with_columns` keeps
    what else the file says of a review. Raises InvalidInput for a file without labels that are
    understood, and for a row that cannot be read, with its line.
    """
    inputs = look_at([Source.named(str(path), settings.input_format)], settings.read)
    layout = inputs[0].layout
    if layout is None:
        raise InvalidInput(f"{path} is a pipe; labelled reviews are read from a file.")
    tell(layout.describe())
    texts: list[str] = []
    values: list[Any] = []
    missing = 0
    column = _label_column(layout, settings)
    names = [name for name in layout.columns if name not in (column, layout.text_column)]
    others: dict[str, list[Any]] = {name: [] for name in names if with_columns}
    for chunk in read_chunks(inputs, BEGINNING, CHUNK_BYTES):
        parsed = parse_chunk(chunk)
        missing += missing_texts(parsed)
        texts += parsed.texts
        values += column_of(parsed.records, column)
        for name, found in columns_of(parsed.records, others).items():
            others[name] += found
    labels = [(settings.labels or COMMON).label(value) for value in values]
    unknown = _unknown(values, labels)
    _check(path, column, labels, unknown, settings)
    known = [row for row, label in enumerate(labels) if label is not None]
    without_text = missing + sum(not texts[row].strip() for row in known)
    reviews = Reviews(
        [texts[row] for row in known],
        [label for label in labels if label is not None],
        sha256(path),
        unknown,
        without_text,
        _rows_of(others, known),
    )
    tell(f"{path}: {reviews.describe()}, labels in column {column!r}")
    return reviews


def _rows_of(columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> dict[str, list[Any]]:
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def _label_column(layout: Layout, settings: LabelledSettings) -> str:
    if not layout.columns:
        raise InvalidInput(f"{layout.name} has no reviews with labels.")
    return label_column(layout, settings.label_column, settings.labels)


def missing_texts(parsed: Parsed) -> int:
    """How many rows lack their text; any other row that cannot be read raises InvalidInput."""
    broken = [reject for reject in parsed.rejects if reject.reason != MISSING_TEXT]
    if broken:
        raise InvalidInput(f"{str(broken[0]).rstrip('.')}. Fix or remove that row.")
    return len(parsed.rejects)


def _unknown(values: list[Any], labels: list[int | None]) -> dict[str, int]:
    """Rows by their label, of those that are left out, the most frequent first."""
    pairs = zip(values, labels, strict=True)
    others = (_shown(value) for value, label in pairs if label is None)
    return dict(Counter(others).most_common())


def _shown(value: object) -> str:
    return "" if value is None else key(value)


def _check(
    path: Path,
    column: str,
    labels: list[int | None],
    unknown: Mapping[str, int],
    settings: LabelledSettings,
) -> None:
    """Refuse labels of which too many, or all, are not understood."""
    if not labels:
        raise InvalidInput(f"{path} has no reviews. Give a file with at least one.")
    others = sum(count for value, count in unknown.items() if value)
    is_asked = settings.labels is not None
    if others == len(labels) or (not is_asked and others > MOST_UNKNOWN * len(labels)):
        shown = ", ".join(f"{value!r} ({count:,} rows)" for value, count in _first(unknown))
        raise InvalidInput(
            f"{path}: what {shown} in the column {column!r} mean is not known. Say it with {HOW}."
        )


def _first(unknown: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    yield from [(value, count) for value, count in unknown.items() if value][:8]
