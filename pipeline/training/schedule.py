"""The rows and the learning rate of each step of fine-tuning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POOL = 50
"""Batches whose rows are sorted by length together: more need less padding, fewer mix better."""


@dataclass(frozen=True)
class Schedule:
    """Rates rise over the share `warm_up` of the steps, stay, and fall to 0 over `cool_down`.

    The rate is a trapezoid (Hägele et al. 2024, "Scaling laws and compute-optimal training beyond
    fixed training durations"), so the end can be moved until the rate begins to fall.
    """

    steps: int
    warm_up: float
    cool_down: float

    def rate(self, step: int) -> float:
        """Share of the peak learning rate for a step, counted from 0; in (0, 1]."""
        rising = (step + 1) / max(self.warm_up * self.steps, 1)
        falling = (self.steps - step) / max(self.cool_down * self.steps, 1)
        return min(1.0, rising, falling)


class BatchOrder:
    """The row numbers of each step's batch, which depend on the seed alone."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._lengths = np.array(lengths)
        self._size = batch_size
        self._seed = seed
        self._epoch = -1

    @property
    def steps_per_epoch(self) -> int:
        """Batches in which every row occurs once."""
        return -(-self._lengths.size // self._size)

    def batch(self, step: int) -> NDArray[np.intp]:
        """Row numbers of a step's batch."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._shuffled(epoch)
        return self._batches[position]

    def _shuffled(self, epoch: int) -> list[NDArray[np.intp]]:
        """Shuffle the rows, sort each pool by length, cut it into batches, and shuffle these."""
        random = np.random.default_rng((self._seed, epoch))
        rows = random.permutation(self._lengths.size)
        pool = POOL * self._size
        pools = [rows[start : start + pool] for start in range(0, rows.size, pool)]
        ordered = np.concatenate([p[np.argsort(self._lengths[p], kind="stable")] for p in pools])
        batches = [ordered[start : start + self._size] for start in range(0, rows.size, self._size)]
        return [batches[number] for number in random.permutation(len(batches))]
