"""The columns that a scored file has more than its input."""

from dataclasses import dataclass

from pipeline.handlers.unsure import NEVER

LABEL_COLUMN = "predicted_label"
CONFIDENCE_COLUMN = "confidence"
LIKELIER_COLUMN = "likelier_label"
PROBABILITY_COLUMNS = ("probability_negative", "probability_positive")


@dataclass(frozen=True)
class AddedColumns:
    """The columns that a scored file has more than its input.

    `prefix` is put before their names; `probabilities` adds one for each label. Answers with a
    confidence under `unsure_below` are labelled `unsure`; a column more holds their likelier label.
    """

    prefix: str = ""
    probabilities: bool = False
    unsure_below: float = NEVER

    @property
    def names(self) -> tuple[str, ...]:
        """Label, confidence, and what more is wanted: the likelier label, two probabilities."""
        likelier = (LIKELIER_COLUMN,) if self.holds_back else ()
        both = PROBABILITY_COLUMNS if self.probabilities else ()
        names = (LABEL_COLUMN, CONFIDENCE_COLUMN, *likelier, *both)
        return tuple(self.prefix + name for name in names)

    @property
    def holds_back(self) -> bool:
        """Whether an answer may be labelled `unsure`."""
        return self.unsure_below > NEVER


ONLY_ANSWERS = AddedColumns()
