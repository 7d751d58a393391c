"""Scaling each n-gram's counts before fitting: those of rare and of one-sided n-grams up.

scale = idf × (offset + |log of the n-gram's smoothed count in positive over negative reviews|).
The idf is scikit-learn's smooth one. The log ratio is that of naive Bayes, after Wang and Manning
2012, "Baselines and bigrams: simple, good sentiment and topic classification". They scale by its
signed value; here the sign is left to the fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


@dataclass(frozen=True)
class Weighting:
    """How n-grams are scaled. Those in fewer than `minimum_documents` reviews are left out.

    `smoothing` is added to the counts in the ratio; `offset` to the absolute log ratio.
    """

    smoothing: float = 0.5
    offset: float = 0.5
    minimum_documents: int = 2

    def scales(
        self,
        counts: sparse.csr_matrix,
        positive: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Scale of each column, 0 for those left out.

        `positive`: probability of positive of each row; `weights`: how many rows each counts as.
        """
        rows = np.diff(counts.indptr)
        documents = np.bincount(counts.indices, minlength=counts.shape[1])
        weighted = _totals(counts, weights.repeat(rows))
        ones = _totals(counts, counts.data * (weights * positive).repeat(rows))
        zeros = _totals(counts, counts.data * (weights * (1 - positive)).repeat(rows))
        idf = np.log((1 + weights.sum()) / (1 + weighted)) + 1
        ratio = np.log((ones + self.smoothing) / (zeros + self.smoothing))
        scales: NDArray[np.float64] = idf * (self.offset + np.abs(ratio))
        return np.where(documents >= self.minimum_documents, scales, 0.0)


def _totals(counts: sparse.csr_matrix, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the values, one for each entry of the matrix, by column."""
    totals = np.bincount(counts.indices, weights=values, minlength=counts.shape[1])
    return totals.astype(np.float64, copy=False)
