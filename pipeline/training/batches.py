"""The batches of fine-tuning, each made while the one before it is computed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.models.transformer.tokens import Ids, pad

Made = TypeVar("Made")


class Batch(NamedTuple):
    """Token ids, padded, and a mask that is 1 for tokens, both (rows, longest)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]


def made_ahead(make: Callable[[int], Made], steps: range) -> Iterator[Made]:
    """What `make` gives for each step; a thread makes the next one meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        following = None
        for step in steps:
            current = following or pool.submit(make, step)
            following = pool.submit(make, step + 1) if step + 1 in steps else None
            yield current.result()


def drop_tokens(ids: Ids, share: float, filler: int, random: np.random.Generator) -> Batch:
    """A batch in which tokens are left out at random; never the first and last, special ones."""
    lengths = np.array([len(row) for row in ids])
    flat = np.concatenate(ids)
    ends = np.cumsum(lengths)
    kept = random.random(flat.size) >= share
    kept[ends - 1] = kept[ends - lengths] = True
    parts = np.split(flat[kept], np.cumsum(kept)[ends[:-1] - 1])
    return Batch(*pad([part.tolist() for part in parts], filler))
