"""How a table is written, from its first lines: delimiter, header, columns of numbers."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.errors import InvalidInput
from pipeline.files.columns import is_text_column
from pipeline.files.dialects import Dialect

DELIMITERS = (",", "\t", ";", "|")
NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
MOST_LINES = 200
"""Looked at; more change no decision."""

_CLEAR, _MAJORITY = 0.9, 0.5
"""Share of the lines that have as many fields as the first: a table for sure, or mostly one."""
_LONGEST_NAME = 30
_QUOTED = re.compile(r'"[^"]*"')
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


def candidates(lines: Sequence[str]) -> dict[str, Candidate]:
    """What speaks for each delimiter; `lines` are whole and not blank."""
    bare = [_QUOTED.sub("", line) for line in lines[:MOST_LINES]]
    found = {}
    for delimiter in DELIMITERS:
        counts = [line.count(delimiter) for line in bare]
        first = lines[0].split(delimiter)
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
    for delimiter in (d for d in DELIMITERS if found[d].number and len(lines) > 1):
        numbered = [bool(_NUMBER.fullmatch(line.partition(delimiter)[0])) for line in lines]
        separated = [delimiter in line for line in lines]
        share = sum(map(all, zip(numbered, separated, strict=True))) / len(lines)
        if share == 1.0:
            return delimiter
        if share >= _MAJORITY and len(lines) > 3:
            raise InvalidInput(
                f"{name}: most lines are a number, a {NAMES[delimiter]} and a text. Say how to "
                f"read it: a review a line with --input-format txt, or as a table with "
                f"--delimiter '{delimiter}' --no-header --column 2."
            )
    return None


def columns_in(lines: Sequence[str], delimiter: str) -> tuple[int, bool]:
    """(Columns of a table without a header, whether its last one holds delimiters unquoted)."""
    counts = Counter(_QUOTED.sub("", line).count(delimiter) for line in lines[:MOST_LINES])
    (usual, often), fewest = counts.most_common(1)[0], min(counts)
    if often == counts.total():
        return usual + 1, False
    firsts = [line.split(delimiter)[:fewest] for line in lines]
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


def plain_rows(lines: Sequence[str], delimiter: str, columns: int) -> list[list[str]]:
    """Rows that are a line with nothing odd about it, for looking at what the columns hold."""
    dialect = Dialect(delimiter, columns)
    odd = {
        line for line in lines[:MOST_LINES] if "\r" in line or not dialect.is_closed(_ascii(line))
    }
    plain = [line for line in lines[:MOST_LINES] if line not in odd]
    return [row for row in csv.reader(plain, delimiter=delimiter) if len(row) == columns]


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


def _ascii(line: str) -> bytes:
    """One byte a character, those of structure as they are."""
    return line.encode("ascii", "replace")
