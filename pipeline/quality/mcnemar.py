"""Whether two models differ by more than chance on the same reviews: McNemar's exact test.

McNemar 1947, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12; in its exact, binomial form.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class McNemar:
    """Reviews that only the first model, and only the second, is right on, and the p-value.

    `p`: how likely counts at least so far apart are, were both models equally good (two-sided).
    """

    only_first: int
    only_second: int
    p: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Compare which of the same n reviews two models are right on, shape (n,) each."""
    from scipy.stats import binomtest

    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    p = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p)
