"""Accuracy within groups of reviews, and how far chance alone may have moved it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE_LEVEL = 0.95


@dataclass(frozen=True)
class Group:
    """A group's reviews and accuracy, and the interval in which this lies with 95 % confidence.

    `name` is None for what is left of other groups, which are too small by themselves.
    """

    name: str | None
    reviews: int
    accuracy: float
    low: float
    high: float


def group_accuracy(name: str | None, right: NDArray[np.bool_]) -> Group:
    """The group of n ≥ 1 reviews on which a model is right or not, shape (n,).

    The interval is Wilson's (1927, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22).
    """
    from scipy.stats import binomtest

    count = int(np.count_nonzero(right))
    interval = binomtest(count, right.size).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    return Group(name, right.size, count / right.size, float(interval.low), float(interval.high))


Members = Sequence[tuple[str | None, NDArray[np.bool_]]]
"""Names of groups, and which of n reviews are in each, shape (n,)."""


def accuracy_by_group(members: Members, right: NDArray[np.bool_]) -> list[Group]:
    """The accuracy of each group that has a member, in their order."""
    return [group_accuracy(name, right[inside]) for name, inside in members if inside.any()]
