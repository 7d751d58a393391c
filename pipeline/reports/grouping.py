"""Groups of labelled reviews: by length, by how they are spelled, by the file's other columns."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.quality.groups import Members
from pipeline.quality.profile import SCRIPTS, length_names
from pipeline.reports.dates import coarser, day_of
from pipeline.reports.tallies import SMALLEST
from pipeline.text.cleaning import clean

LENGTHS = (0, 6, 11, 21, 41, 81, 161)
"""Lower edges of the groups by length, in characters of the cleaned text; the last one is open."""

FEWEST_VALUES, MOST_VALUES = 2, 20
"""Different values of a column that become groups."""
MOST_DATES = 24
"""Groups of a column of dates: months, unless these are more; then years."""
MOST_ODD = 0.1
"""Share of values of a column of dates that may be none."""

SPELLINGS = {
    "no_spaces": re.compile(r"\A\S{15,}\Z"),
    "jamo": SCRIPTS["jamo"],
    "latin": SCRIPTS["latin"],
}
"""Ways of writing, and what shows them: one long word, single jamo (ㅋㅋ), Latin letters."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Grouping(NamedTuple):
    """Groups of n reviews by one thing: `kind` is length, spelling or column, `name` the column's.

    Those of `spelling` overlap: a review can be in several.
    """

    kind: str
    name: str
    members: Members


def groupings(cleaned: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> list[Grouping]:
    """All groupings of n cleaned reviews; `columns` hold the other values of each."""
    fixed = [
        Grouping("length", "length", by_length(cleaned)),
        Grouping("spelling", "spelling", by_spelling(cleaned)),
    ]
    found = ((name, by_value(values)) for name, values in columns.items())
    return fixed + [Grouping("column", clean(name), groups) for name, groups in found if groups]


def by_length(cleaned: Sequence[str]) -> Members:
    """Groups by the number of characters."""
    bins = np.searchsorted(LENGTHS, [len(text) for text in cleaned], "right") - 1
    return [(name, bins == place) for place, name in enumerate(length_names(LENGTHS))]


def by_spelling(cleaned: Sequence[str]) -> Members:
    """Groups of reviews without spaces, with single jamo (ㅋㅋ), with Latin letters, and others."""
    found = {
        name: np.array([bool(pattern.search(text)) for text in cleaned], dtype=bool)
        for name, pattern in SPELLINGS.items()
    }
    return [*found.items(), ("plain", ~np.logical_or.reduce(list(found.values())))]


def by_value(values: Sequence[Any]) -> Members:
    """Groups by the values of a column, the smallest merged; none where these are no groups.

    A column has groups if it has 2 to 20 different values, or dates.
    """
    names = _names(values)
    if names is None:
        return []
    sizes = Counter(names)
    large = sorted((name for name, size in sizes.items() if size >= SMALLEST), key=_natural)
    if sizes.total() - sum(sizes[name] for name in large) < SMALLEST and len(large) < 2:
        return []
    place = {name: number for number, name in enumerate(large)}
    codes = np.array([place.get(name, -1) for name in names])
    return [*((name, codes == number) for name, number in place.items()), (None, codes == -1)]


def _names(values: Sequence[Any]) -> list[str] | None:
    """The group's name of each value; None where there are too few or too many different ones."""
    names = [clean(str(value))[:80] if value is not None else "" for value in values]
    if (days := _days(values)) is not None:
        return days
    return names if FEWEST_VALUES <= len(set(names)) <= MOST_VALUES else None


def _days(values: Sequence[Any]) -> list[str] | None:
    """Dates cut to years, months or days, "" for what is none; None for another column."""
    days = [day_of(value) or "" for value in values]
    known = [day for day in days if day]
    if len(known) < (1 - MOST_ODD) * len(days) or len(set(known)) < FEWEST_VALUES:
        return None
    length = coarser(known, MOST_DATES)
    return [day[:length] for day in days]


def _natural(name: str) -> tuple[bool, float, str]:
    """Numbers by their size, before what is none."""
    is_number = _NUMBER.fullmatch(name) is not None
    return not is_number, float(name) if is_number else 0.0, name
