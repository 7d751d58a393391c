"""What a model is: it answers cleaned texts, whatever its kind."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Model(Protocol):
    """Answers cleaned texts."""

    def probabilities(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""

    def coverage(self, texts: Sequence[str], /) -> NDArray[np.float64]:
        """Share of each text that the model knows, shape (n,)."""
