"""The columns that a scored file has more than its input."""

from dataclasses import dataclass

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


ONLY_ANSWERS = AddedColumns()
