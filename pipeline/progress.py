"""Progress bars of long work; they are shown on a terminal only."""

from typing import Never

from tqdm import tqdm


def progress_bar(total: int | None, description: str, unit: str = " reviews") -> "tqdm[Never]":
    """Return a bar to `update(n)`; a context manager. Drawn on stderr, if that is a terminal.

    `total`: None where it is not known.
    """
    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        unit_scale=True,
        disable=None,
        leave=False,
        dynamic_ncols=True,
    )
