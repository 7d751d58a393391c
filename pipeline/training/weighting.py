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

    def scales(self, counts: sparse.csr_matrix, labels: NDArray[np.intp]) -> NDArray[np.float64]:
        """Scale of each column, 0 for those left out; labels are 0 or 1."""
        documents = np.bincount(counts.indices, minlength=counts.shape[1])
        positive = _totals(counts[labels == 1])
        negative = _totals(counts[labels == 0])
        idf = np.log((1 + counts.shape[0]) / (1 + documents)) + 1
        ratio = np.log((positive + self.smoothing) / (negative + self.smoothing))
        scales: NDArray[np.float64] = idf * (self.offset + np.abs(ratio))
        return np.where(documents >= self.minimum_documents, scales, 0.0)


def _totals(counts: sparse.csr_matrix) -> NDArray[np.float64]:
    totals = np.bincount(counts.indices, weights=counts.data, minlength=counts.shape[1])
    return totals.astype(np.float64)
