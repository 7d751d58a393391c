"""Reviews whose label the other reviews contradict, to be left out of the last fit.

Some ratings are not what the words say: irony, slips of the thumb, 1 taken for the best. A model
that does not know a review and yet is sure of the other label tells them (Brodley and Friedl 1999,
"Identifying mislabeled training data"). Only training reviews are ever left out, and few of them.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

FOLDS = 3
LARGEST_SHARE = 0.01
"""Of a label's reviews, so that a rare label does not vanish with its harder half."""

Rows = NDArray[np.intp]


def fold_rows(texts: Sequence[str]) -> list[tuple[Rows, Rows]]:
    """FOLDS pairs of row numbers (to learn from, to judge); equal texts are in one fold."""
    from sklearn.model_selection import GroupKFold

    numbers: dict[str, int] = {}
    groups = [numbers.setdefault(text, len(numbers)) for text in texts]
    return list(GroupKFold(FOLDS).split(np.zeros(len(texts)), groups=groups))


def cross_validated(
    texts: Sequence[str],
    labels: NDArray[np.intp],
    logits: Callable[[Rows, Rows], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """The logit of each text by a model that knows none like it, shape (n,).

    `logits(learned, judged)` fits on the one rows and scores the others. A review stays at 0 where
    the others have a single label.
    """
    found = np.zeros(len(texts))
    for learned, judged in fold_rows(texts):
        if np.unique(labels[learned]).size == 2:
            found[judged] = logits(learned, judged)
    return found


def is_contradicted(
    logits: NDArray[np.float64], labels: NDArray[np.intp], margin: float
) -> NDArray[np.bool_]:
    """Which logits are further than `margin` on the other label's side, shape (n,).

    At most a hundredth of each label's reviews, those furthest away.
    """
    distances = np.where(labels == 1, -logits, logits)
    contradicted = distances > margin
    for label in (0, 1):
        own = np.flatnonzero(labels == label)
        spared = np.argsort(-distances[own], kind="stable")[int(LARGEST_SHARE * own.size) :]
        contradicted[own[spared]] = False
    return contradicted
