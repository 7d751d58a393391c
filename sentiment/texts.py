"""Texts out of what Python programs keep them in: lists, arrays, columns of tables."""

from collections.abc import Iterable, Mapping

from pipeline.errors import InvalidInput


def texts_in(values: Iterable[object]) -> list[str]:
    """The texts of any iterable of `str`, such as a list, or a Series of pandas or Polars.

    Raises InvalidInput for a table, and for a value that is no text, such as a missing one, whose
    position is named.
    """
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        raise InvalidInput(
            f"A {type(values).__name__} is no list of texts. Give one column or value of it."
        )
    if not isinstance(values, Iterable):
        raise InvalidInput(f"{_shown(values)} is neither a text nor a list of texts.")
    texts: list[str] = []
    for position, value in enumerate(values):
        if not isinstance(value, str):
            raise InvalidInput(
                f"At position {position} (0 is the first) there is no text, but {_shown(value)}. "
                "Leave it out, or put a text in its place."
            )
        texts.append(value)
    return texts


def _shown(value: object) -> str:
    """A value and its type, in few characters."""
    return f"{repr(value)[:40]} ({type(value).__name__})"
