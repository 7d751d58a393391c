"""How a table is written, from its first lines: delimiter, header, columns of numbers."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.errors import InvalidInput
from pipeline.files.columns import is_text_column

NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
"""Of the delimiters that are looked for, in this order."""

MOST_LINES = 200
"""Looked at; more change no decision."""

_CLEAR, _MAJORITY = 0.9, 0.5
"""Share of the lines that have as many fields as the first: a table for sure, or mostly one."""
_LONGEST_NAME = 30
_QUOTED = r'(?:\A|(?<=[\n{0}]))"[^"]*+(?:""[^"]*+)*+"(?=[\n{0}]|\Z)'
"""A field in quotes, in rows that end with LF and have this delimiter."""
_THOUSANDS = re.compile(r"\d{1,3},\d{3}(?!\d)")
_NUMBER = re.compile(r"\s*[+-]?\d+(?:\.\d+)?\s*")


class Candidate(NamedTuple):
    """A delimiter, how many stand in the first line, and in which share of the lines as many."""

    delimiter: str
    number: int
    share: float
    has_known_name: bool

    @property
    def is_clear(self) -> bool:
        """Whether nearly all lines have as many fields as the first, and more than one."""
        return self.number > 0 and self.share >= _CLEAR


def flat_rows(lines: Sequence[str], delimiter: str) -> list[str]:
    """The first rows, each as a line: of quoted fields without quotes, delimiters and line ends."""
    inside = re.compile(rf'["\n{re.escape(delimiter)}]')
    text = _quoted(delimiter).sub(lambda field: inside.sub("", field[0]), "\n".join(lines))
    return text.split("\n")[:MOST_LINES]


def is_quoted_as_csv(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the quotes in the first lines are for sure those that a program has written.

    They are in all rows, or around a delimiter or doubled quotes; and at most one field is open,
    the last one. Such a program would have doubled a quote that is text.
    """
    text, quoted = "\n".join(lines), _quoted(delimiter)
    fields, others = quoted.findall(text), quoted.sub("", text)
    opened = re.findall(rf'(?:\A|[\n{re.escape(delimiter)}])"', others)
    is_needed = any('"' in f[1:-1] or (delimiter in f and "\n" not in f) for f in fields)
    return len(opened) <= 1 and (is_needed or len(fields) > others.count("\n"))


def _quoted(delimiter: str) -> re.Pattern[str]:
    return re.compile(_QUOTED.format(re.escape(delimiter)))


def candidates(lines: Sequence[str]) -> dict[str, Candidate]:
    """What speaks for each delimiter; `lines` are whole and not blank."""
    found = {}
    for delimiter in NAMES:
        rows = flat_rows(lines, delimiter)
        counts = [row.count(delimiter) for row in rows]
        first = rows[0].split(delimiter)
        names = any(is_text_column(name.strip(' "')) for name in first)
        short = all(len(name) <= _LONGEST_NAME for name in first)
        share = counts.count(counts[0]) / len(counts)
        found[delimiter] = Candidate(delimiter, counts[0], share, names and short)
    return found


def table_delimiter(lines: Sequence[str], usual: str, name: str) -> str:
    """The delimiter of a file that is a table by its name; `usual` is that of such a name.

    Raises InvalidInput where two are as likely.
    """
    found = candidates(lines)
    ordered = [found[usual], *(one for d, one in found.items() if d != usual)]
    for one in ordered:
        if one.number and one.has_known_name:
            return one.delimiter
    clear = [one for one in ordered if one.is_clear]
    if len(clear) > 1 and clear[0].delimiter == usual:
        names = [f"{one.number + 1} columns by {NAMES[one.delimiter]}" for one in clear[:2]]
        raise InvalidInput(
            f"{name} reads as {' or as '.join(names)}. Say which with --delimiter, for example "
            f"--delimiter '{clear[1].delimiter}'."
        )
    if found[usual].number and found[usual].share >= _MAJORITY:
        return usual
    return clear[0].delimiter if clear else usual


def text_delimiter(lines: Sequence[str], name: str) -> str | None:
    """The delimiter of a file that does not say what it is, None where a line is a review.

    Raises InvalidInput where that is not clear.
    """
    found = candidates(lines)
    for one in found.values():
        if one.has_known_name and one.is_clear and len(lines) > 1:
            return one.delimiter
    if found["\t"].is_clear and found["\t"].share == 1.0:
        return "\t"
    for delimiter in (d for d in NAMES if found[d].number and len(lines) > 1):
        share = _numbered(flat_rows(lines, delimiter), delimiter)
        if share == 1.0:
            return delimiter
        if share >= _MAJORITY and len(lines) > 3:
            raise InvalidInput(
                f"{name}: most lines are a number, a {NAMES[delimiter]} and a text. Say how to "
                f"read it: a review a line with --input-format txt, or as a table with "
                f"--delimiter '{delimiter}' --no-header --column 2."
            )
    return None


def _numbered(rows: Sequence[str], delimiter: str) -> float:
    """Share of the rows that are a number, the delimiter and more; not if all begin as 1,000."""
    if delimiter == "," and all(map(_THOUSANDS.match, rows)):
        return 0.0
    parts = [row.partition(delimiter) for row in rows]
    return sum(bool(_NUMBER.fullmatch(first) and found) for first, found, _ in parts) / len(rows)


def columns_in(rows: Sequence[str], delimiter: str) -> tuple[int, bool]:
    """(Columns of a table without a header, whether its last one holds delimiters unquoted)."""
    counts = Counter(row.count(delimiter) for row in rows)
    (usual, often), fewest = counts.most_common(1)[0], min(counts)
    if often == counts.total():
        return usual + 1, False
    firsts = [row.split(delimiter)[:fewest] for row in rows]
    is_open_ended = fewest > 0 and all(_NUMBER.fullmatch(f[0]) for f in firsts)
    return (fewest if is_open_ended else usual) + 1, is_open_ended


def numeric_columns(rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Columns, from 0, that hold numbers in nine of ten rows; all rows are of one length."""
    return tuple(
        number
        for number, cells in enumerate(zip(*rows, strict=True))
        if sum(map(bool, map(_NUMBER.fullmatch, cells))) >= _CLEAR * len(cells)
    )


def first_is_header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool | None:
    """Whether the first row names the columns; None where nothing tells.

    It does where it holds a known name, or words where the rows below hold numbers.
    """
    if any(map(is_text_column, first)):
        return True
    numeric = numeric_columns(others) if others else ()
    if numeric:
        return not all(_NUMBER.fullmatch(first[number]) for number in numeric)
    return False if any(map(_NUMBER.fullmatch, first)) else None


def split_rows(rows: Sequence[str], delimiter: str, columns: int) -> list[list[str]]:
    """The fields of those flat rows that have as many as the table."""
    return [fields for row in rows if len(fields := row.split(delimiter)) == columns]


def text_place(rows: Sequence[Sequence[str]]) -> int | None:
    """Number, from 0, of the one column of rows without a header that can only be the text.

    It is the only one without numbers, or three times as long as any other; else None.
    """
    numeric = numeric_columns(rows)
    lengths = {
        number: sum(map(len, cells))
        for number, cells in enumerate(zip(*rows, strict=True))
        if number not in numeric
    }
    ordered = sorted(lengths, key=lambda number: -lengths[number])
    is_clear = len(ordered) == 1 or (
        len(ordered) > 1 and lengths[ordered[0]] >= 3 * lengths[ordered[1]]
    )
    return ordered[0] if is_clear else None
