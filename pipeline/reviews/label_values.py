"""What the values of a label column mean: which stand for positive, which for negative."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Self

from pipeline.errors import InvalidInput
from pipeline.labels import NEGATIVE, POSITIVE

HOW = "--labels 'positive=5,4 negative=1,2' or --rating-scale 5"
RATING_SCALES = (5, 10)
_HIGHEST_NEGATIVE, _LOWEST_POSITIVE = {5: 2.0, 10: 4.0}, {5: 4.0, 10: 9.0}
"""By scale: up to where a rating is negative, from where on positive. Of 10 as NSMC's authors."""

_PART = re.compile(rf"({POSITIVE}|{NEGATIVE})=(\S+)")


@dataclass(frozen=True)
class LabelValues:
    """Values that stand for the labels, as `key` gives them; or the largest rating of a scale."""

    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()
    scale: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `positive=5,4 negative=1,2`; raises InvalidInput for anything else."""
        parts = dict(_PART.findall(text))
        values = {name: frozenset(map(key, part.split(","))) for name, part in parts.items()}
        rest = _PART.sub("", text).replace(",", "").strip()
        if rest or set(values) != {POSITIVE, NEGATIVE}:
            raise InvalidInput(f"{text!r} does not say what labels mean; write it as {HOW}.")
        if both := values[POSITIVE] & values[NEGATIVE]:
            raise InvalidInput(f"{', '.join(sorted(both))} cannot be positive and negative both.")
        return cls(values[POSITIVE], values[NEGATIVE])

    def label(self, value: object) -> int | None:
        """0 for negative, 1 for positive, None for a value that stands for neither."""
        return self._rating(key(value)) if self.scale else self._word(key(value))

    def _word(self, value: str) -> int | None:
        if value in self.positive:
            return 1
        return 0 if value in self.negative else None

    def _rating(self, value: str) -> int | None:
        rating, scale = _number(value), self.scale or 0
        if rating is None or not 0 <= rating <= scale:
            return None
        if rating >= _LOWEST_POSITIVE[scale]:
            return 1
        return 0 if rating <= _HIGHEST_NEGATIVE[scale] else None


COMMON = LabelValues(
    frozenset({"1", "positive", "pos", "긍정", "true"}),
    frozenset({"0", "negative", "neg", "부정", "false"}),
)
"""Values that are understood without being asked for."""


def key(value: object) -> str:
    """A value by which it is looked up: 1, "1", 1.0 and "1.00" are one, as are True and "true"."""
    return _key(str(value))


@cache
def _key(text: str) -> str:
    bare = text.strip().casefold()
    number = _number(bare)
    return str(int(number)) if number is not None and number.is_integer() else bare


def _number(text: str) -> float | None:
    try:
        return float(text) if text[:1].isdecimal() or text[:1] in "+-." else None
    except ValueError:
        return None
