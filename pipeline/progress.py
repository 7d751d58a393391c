"""Progress of long work: a bar on a terminal, nothing in a pipe."""

from typing import Never

from tqdm import tqdm


def progress_bar(total: int, description: str, unit: str = " reviews") -> "tqdm[Never]":
    """Return a bar to `update(n)`; a context manager. Writes to stderr, and only to a terminal."""
    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        unit_scale=True,
        disable=None,
        leave=False,
        dynamic_ncols=True,
    )
