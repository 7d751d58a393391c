"""Progress of long work: a bar on a terminal, nothing in a pipe."""

from typing import Never, TypeAlias

from tqdm import tqdm

ProgressBar: TypeAlias = "tqdm[Never]"


def progress_bar(total: int, description: str, unit: str = " reviews") -> ProgressBar:
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
