"""Which column holds the reviews."""

from collections.abc import Collection, Iterable, Sequence

from pipeline.errors import InvalidInput

TEXT_COLUMNS = ("document", "text", "review")


def check_names(columns: Iterable[str], reserved: Collection[str], source: str) -> None:
    """Raise InvalidInput if a column of this source has one of the reserved names."""
    if taken := set(reserved).intersection(columns):
        raise InvalidInput(
            f"{source} has a column {' and '.join(sorted(taken))} already. Rename ours with "
            "--prefix, for example --prefix model_."
        )


def find_text_column(columns: Collection[str], wanted: str | None) -> str | None:
    """`wanted` if it is there; without one, the first of document, text, review that is there."""
    names = TEXT_COLUMNS if wanted is None else (wanted,)
    return next((name for name in names if name in columns), None)


def text_column(columns: Sequence[str], wanted: str | None, source: str) -> str:
    """Name of the column that holds the reviews; raises InvalidInput where there is none."""
    if len(set(columns)) < len(columns):
        raise InvalidInput(f"{source}: two columns have the same name. Rename one.")
    found = find_text_column(columns, wanted)
    if found is not None:
        return found
    has = f"it has {', '.join(columns)}"
    if wanted is not None:
        raise InvalidInput(f"{source} has no column {wanted!r}; {has}.")
    raise InvalidInput(
        f"{source} has no column {', '.join(TEXT_COLUMNS)}; {has}. "
        "Name the one that holds the reviews with --column."
    )
