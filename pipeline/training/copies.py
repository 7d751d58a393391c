"""Labelled reviews learned from twice: as they are, and changed in a way that says the same.

Without such copies the fast model takes ㅎㅎ for praise and ㅠㅠ for blame, since labelled reviews
with them often are. See `docs/experiments.md`, "Negations and noise".
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.perturbations import perturb
from pipeline.text.cleaning import clean

CHANGES = ("laughing", "smiling", "crying", "stretched", "emoji", "with_spaces")
"""Those that helped."""
SHARE = 0.03
"""Of the reviews, for each change."""


def changed_copies(texts: Sequence[str], seed: int) -> tuple[list[str], NDArray[np.intp]]:
    """Cleaned copies of some of the cleaned texts, and the number of each one's text, (m,)."""
    random = np.random.default_rng(seed)
    copies, sources = [], []
    for change in CHANGES:
        chosen = random.permutation(len(texts))[: round(SHARE * len(texts))]
        for row in chosen.tolist():
            copy = clean(perturb(change, texts[row], seed))
            if copy != texts[row]:
                copies.append(copy)
                sources.append(row)
    return copies, np.array(sources, dtype=np.intp)
