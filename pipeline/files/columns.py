"""Which column holds the reviews, and what the columns that we add are called."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pipeline.errors import InvalidInput

TEXT_COLUMNS = ("document", "text", "review")
LABEL_COLUMN = "predicted_label"
CONFIDENCE_COLUMN = "confidence"
PROBABILITY_COLUMNS = ("probability_negative", "probability_positive")


@dataclass(frozen=True)
class AddedColumns:
    """The columns that a scored file has more than its input.

    `prefix` is put before their names; `probabilities` adds one for each label.
    """

    prefix: str = ""
    probabilities: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Label, confidence, and the two probabilities where they are wanted."""
        more = PROBABILITY_COLUMNS if self.probabilities else ()
        return tuple(self.prefix + name for name in (LABEL_COLUMN, CONFIDENCE_COLUMN, *more))

    def check(self, columns: Iterable[str], source: str) -> None:
        """Raise InvalidInput if an input has a column of one of these names."""
        if taken := set(self.names).intersection(columns):
            raise InvalidInput(
                f"{source} has a column {' and '.join(sorted(taken))} already. Rename ours with "
                "--prefix, for example --prefix model_."
            )


ONLY_ANSWERS = AddedColumns()


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
