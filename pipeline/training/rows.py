"""What the fast model is fitted on: texts, what is known of their labels, their n-gram counts."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


class Examples(NamedTuple):
    """m examples: the row of each text, a label 0 or 1, how many labelled texts it counts as."""

    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """n cleaned texts with their counts, shape (n, columns), and each column's bucket.

    `positive`: probability of positive, which is 0 or 1 for a labelled text; `is_taught`: whether
    teachers judged the text, which has no label; shape (n,) each.
    """

    texts: list[str] = field(repr=False)
    positive: NDArray[np.float64]
    is_taught: NDArray[np.bool_]
    counts: sparse.csr_matrix
    buckets: NDArray[np.intp]

    @property
    def labels(self) -> NDArray[np.intp]:
        """The likelier label of each text, 0 or 1, shape (n,)."""
        return (self.positive > 0.5).astype(np.intp)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """These rows, in this order."""
        return replace(
            self,
            texts=[self.texts[row] for row in rows],
            positive=self.positive[rows],
            is_taught=self.is_taught[rows],
            counts=self.counts[rows],
        )


@dataclass(frozen=True)
class Sharing:
    """How much reviews count that teachers judged, beside labelled ones.

    Each counts as `weight` labelled ones: p of it as a positive one, 1 - p of it as a negative one,
    p being its probability of positive. A side of less than `smallest` is left out of the fit,
    which saves a third of its memory and costs no accuracy.
    """

    weight: float = 1.0
    smallest: float = 0.02

    def weights(self, rows: Rows) -> NDArray[np.float64]:
        """How many labelled texts each text counts as, shape (n,)."""
        return np.where(rows.is_taught, self.weight, 1.0)

    def examples(self, rows: Rows) -> Examples:
        """What the model is fitted on: each text's likelier label, then the other one of some."""
        weights, rarer = self.weights(rows), np.minimum(rows.positive, 1 - rows.positive)
        again = np.flatnonzero(rows.is_taught & (rarer >= self.smallest))
        return Examples(
            np.concatenate([np.arange(len(rows.texts)), again]),
            np.concatenate([rows.labels, 1 - rows.labels[again]]),
            np.concatenate([weights * (1 - rarer), (weights * rarer)[again]]),
        )
