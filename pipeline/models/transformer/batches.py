"""Answering many texts' token ids on a processor: batches of rows of equal length."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.models.transformer.tokens import Ids, equal_length_batches

TOKENS_PER_BATCH = 768
"""On a CPU larger batches are no quicker and use more memory."""

Run = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""A function from token ids, shape (rows, tokens), to raw outputs, shape (rows, 2)."""


def answer_parts(parts: Iterable[Ids], run: Run) -> NDArray[np.float32]:
    """Raw outputs of the rows of all parts in their order, shape (n, 2)."""
    answered = [np.empty((0, 2), np.float32)]
    for ids in parts:
        outputs = np.empty((len(ids), 2), np.float32)
        for rows in equal_length_batches(ids, TOKENS_PER_BATCH):
            outputs[rows] = run(np.array([ids[row] for row in rows], dtype=np.int64))
        answered.append(outputs)
    return np.concatenate(answered)
