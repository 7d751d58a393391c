"""The batches of fine-tuning."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.models.transformer.tokens import Ids, fill


class Batch(NamedTuple):
    """Token ids, padded, and a mask that is 1 for tokens, both (rows, longest)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def drop_tokens(
    ids: Ids, share: float, filler: int, random: np.random.Generator, multiple: int = 1
) -> Batch:
    """A batch in which tokens are left out at random; never the first and last, special ones.

    `multiple`: see `pad`.
    """
    lengths = np.array([len(row) for row in ids])
    flat = np.concatenate(ids)
    ends = np.cumsum(lengths)
    kept = random.random(flat.size) >= share
    kept[ends - 1] = kept[ends - lengths] = True
    left = np.add.reduceat(kept, ends - lengths)
    return Batch(*fill(flat[kept], left, filler, multiple))
