"""The day in a value of somebody's column, in the ways in which days are written."""

import re
from collections.abc import Iterable
from datetime import date, datetime

DAY, MONTH, YEAR = 10, 7, 4
"""Lengths of an ISO date as far as the day, the month and the year."""

_WRITTEN = re.compile(r"\s*(\d{4})(?:[-./]|년\s*)\s*(\d{1,2})(?:[-./]|월\s*)\s*(\d{1,2})(?!\d)")
_DIGITS = re.compile(r"\s*((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)")


def day_of(value: object) -> str | None:
    """An ISO date, None for what is no date: 2026-11-26, 2026.11.26, 2026년 11월 26일, 20261126.

    What stands behind it, as a time of day, does not matter.
    """
    if isinstance(value, date):  # a datetime is one
        return value.date().isoformat() if isinstance(value, datetime) else value.isoformat()
    text = str(value)
    found = _WRITTEN.match(text) or _DIGITS.match(text)
    try:
        return date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None


def coarser(days: Iterable[str], most: int) -> int:
    """How far dates must be cut to leave at most so many different ones: DAY, MONTH or YEAR."""
    different = set(days)
    length = min(map(len, different), default=DAY)
    fits = (cut for cut in (DAY, MONTH) if cut <= length and _count(different, cut) <= most)
    return next(fits, YEAR)


def _count(dates: set[str], length: int) -> int:
    return len({one[:length] for one in dates})
