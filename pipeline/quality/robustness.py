"""How far answers hold when reviews are changed in ways that should not matter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Robustness:
    """A model on n reviews that were changed in one way; the shares are of all n.

    `changed`: those that differ from the unchanged ones once both are cleaned. `accuracy`: of all,
    changed or not; `difference` is that to the unchanged ones, `flips` those with another label
    than unchanged.
    """

    change: str
    changed: float
    accuracy: float
    difference: float
    flips: float


def robustness(
    change: str,
    labels: NDArray[np.bool_],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    changed: int,
) -> Robustness:
    """Compare answers before and after a change of n ≥ 1 reviews; True is positive, shape (n,)."""
    accuracy = float((after == labels).mean())
    difference = accuracy - float((before == labels).mean())
    flips = float((after != before).mean())
    return Robustness(change, changed / labels.size, accuracy, difference, flips)
