"""Setting rows aside, with equal texts on one side: NSMC repeats thousands of short reviews."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InvalidInput


def split_rows(
    texts: Sequence[str], share: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row numbers (kept, set aside), ascending; `share` is of the distinct texts.

    Raises InvalidInput where there are not two different texts to split.
    """
    from sklearn.model_selection import GroupShuffleSplit

    numbers: dict[str, int] = {}
    groups = [numbers.setdefault(text, len(numbers)) for text in texts]
    if len(numbers) < 2:
        raise InvalidInput(
            f"All {len(texts)} reviews have the same text. Give a file with different ones."
        )
    splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    kept, aside = next(splitter.split(np.zeros(len(texts)), groups=groups))
    return np.sort(kept), np.sort(aside)
