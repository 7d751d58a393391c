"""Memory that the processes of one server share: mapped before the fork, anonymous, lock-free."""

import mmap

import numpy as np
from numpy.typing import NDArray


class Flag:
    """A boolean that any process may set and all can read."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Set it for good: it cannot be unset."""
        self._memory[0] = 1

    @property
    def is_set(self) -> bool:
        """Whether a process has set it."""
        return self._memory[0] == 1


def shared_numbers(count: int) -> NDArray[np.float64]:
    """`count` 64-bit floats, 0 at first. Each is read and written atomically."""
    return np.frombuffer(mmap.mmap(-1, count * 8))
