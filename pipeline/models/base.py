"""The interface of all models."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Model(Protocol):
    """A model, which answers cleaned texts."""

    @property
    def device(self) -> str:
        """The kind of device that computes."""

    def probabilities(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""

    def coverage(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Share of each text's n-grams or tokens that the model knows, 0–1, shape (n,)."""
