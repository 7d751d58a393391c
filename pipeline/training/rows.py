"""What the fast model is fitted on: texts, what is known of their labels, their n-gram counts."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


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

    Such a review counts as `weight` labelled ones where n-grams are counted, and where the model is
    fitted as weight × |2p − 1|^power, p being its probability of positive: what its teachers are
    unsure of says little.
    """

    weight: float = 0.5
    power: float = 1.0

    def in_counts(self, rows: Rows) -> NDArray[np.float64]:
        """How many labelled texts each text counts as in the scaling of n-grams, shape (n,)."""
        return np.where(rows.is_taught, self.weight, 1.0)

    def in_fit(self, rows: Rows) -> NDArray[np.float64]:
        """How many labelled texts each text counts as in the fit, shape (n,)."""
        sureness = np.abs(2 * rows.positive - 1) ** self.power
        return np.where(rows.is_taught, self.weight * sureness, 1.0)
