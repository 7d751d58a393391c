"""What the fast model is fitted on: texts, what is known of their labels, their n-gram counts."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

LABELLED = -1
"""The group of the texts that have a label."""


class Examples(NamedTuple):
    """m examples: the row of each text, a label 0 or 1, how many labelled texts it counts as."""

    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """n cleaned texts with their counts, shape (n, columns), and each column's bucket.

    `positive`: probability of positive, which is 0 or 1 for a labelled text; `groups`: LABELLED for
    those, else the input that the text came with, which teachers judged; `sources`: the number that
    the text had among all, or that of the text which it is a changed copy of; shape (n,) each.
    """

    texts: list[str] = field(repr=False)
    positive: NDArray[np.float64]
    groups: NDArray[np.intp]
    sources: NDArray[np.intp]
    counts: sparse.csr_matrix
    buckets: NDArray[np.intp]

    @property
    def is_taught(self) -> NDArray[np.bool_]:
        """Whether teachers judged each text, which has no label, shape (n,)."""
        is_taught: NDArray[np.bool_] = self.groups != LABELLED
        return is_taught

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
            groups=self.groups[rows],
            sources=self.sources[rows],
            counts=self.counts[rows],
        )

    def joined(self, others: Self) -> Self:
        """These rows and others of the same columns, one after the other."""
        return replace(
            self,
            texts=self.texts + others.texts,
            positive=np.concatenate([self.positive, others.positive]),
            groups=np.concatenate([self.groups, others.groups]),
            sources=np.concatenate([self.sources, others.sources]),
            counts=sparse.vstack([self.counts, others.counts], format="csr"),
        )


@dataclass(frozen=True)
class Sharing:
    """How much reviews count that teachers judged, beside labelled ones.

    Each counts as `weight` labelled ones, and as more where an input has few: together those of an
    input count as `share` of all labelled ones at least, so that a small domain is not lost among
    them. p of it counts as a positive one, 1 - p as a negative one, p being its probability of
    positive. A side of less than `smallest` is left out of the fit, which saves memory and costs no
    accuracy (`docs/experiments.md`).
    """

    weight: float = 1.0
    share: float = 0.1
    smallest: float = 0.05

    def weights(self, rows: Rows) -> NDArray[np.float64]:
        """How many labelled texts each text counts as, shape (n,)."""
        sizes = np.bincount(rows.groups - LABELLED)
        by_group = np.maximum(self.weight, self.share * sizes[0] / np.maximum(sizes, 1))
        by_group[0] = 1.0
        weights: NDArray[np.float64] = by_group[rows.groups - LABELLED]
        return weights

    def examples(self, rows: Rows) -> Examples:
        """What the model is fitted on: each text's likelier label, then the other one of some."""
        weights, rarer = self.weights(rows), np.minimum(rows.positive, 1 - rows.positive)
        again = np.flatnonzero(rows.is_taught & (rarer >= self.smallest))
        return Examples(
            np.concatenate([np.arange(len(rows.texts)), again]),
            np.concatenate([rows.labels, 1 - rows.labels[again]]),
            np.concatenate([weights * (1 - rarer), (weights * rarer)[again]]),
        )
