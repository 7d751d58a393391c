"""Making what comes next in a thread, while this is being used."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def ahead(items: Iterable[Made]) -> Iterator[Made]:
    """The items, each made while the one before it is used."""
    remaining, over = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, remaining, over)
        while (current := following.result()) is not over:
            following = pool.submit(next, remaining, over)
            yield current  # type: ignore[misc]  # it is no longer the end
