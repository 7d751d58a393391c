"""What a run counts: it adds up chunk by chunk, and travels in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.files.records import Reject
from pipeline.handlers.unsure import NEVER
from pipeline.quality.profile_counts import Counts, add_counts
from pipeline.reports.gathered import Gathered

SCORE_BINS = 20
"""Equal bins of P(positive), from 0 to 1."""


def _no_scores() -> list[int]:
    return [0] * SCORE_BINS


@dataclass
class Totals:
    """`rows` are those read: each is scored or rejected.

    `empty`: of the scored ones, those without a text, whose answer is that of a model that knows
    nothing; what follows is of the others. `unsure`: those labelled so; `positive`: those that are
    likelier positive, `unsure` or not. `confidence` is the sum over them, `scores` their number in
    each bin of P(positive). `first_reject` says what is wrong with the first row that was not
    scored. `profile` and `gathered` are there where a report is wanted.
    """

    rows: int = 0
    scored: int = 0
    rejected: int = 0
    empty: int = 0
    positive: int = 0
    confidence: float = 0.0
    scores: list[int] = field(default_factory=_no_scores)
    first_reject: str | None = None
    profile: Counts | None = None
    unsure: int = 0
    gathered: Gathered | None = None

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """What `dataclasses.asdict` and JSON have made of totals."""
        gathered = record["gathered"]
        return cls(**record | {"gathered": gathered and Gathered.from_record(gathered)})

    @classmethod
    def of(
        cls,
        rows: int,
        cleaned: Sequence[str],
        probabilities: NDArray[np.float64],
        rejects: Sequence[Reject],
        profile: Counts | None = None,
        unsure_below: float = NEVER,
        gathered: Gathered | None = None,
    ) -> Self:
        """Count rows as they were read, n texts and answers of shape (n, 2), and the rejects."""
        scored, empty = len(cleaned), cleaned.count("")
        if empty:
            probabilities = probabilities[[bool(text) for text in cleaned]]
        positive, confidences = probabilities[:, 1], probabilities.max(axis=1, initial=0.0)
        bins = np.minimum((positive * SCORE_BINS).astype(np.intp), SCORE_BINS - 1)
        return cls(
            rows=rows,
            scored=scored,
            rejected=len(rejects),
            empty=empty,
            positive=int(np.count_nonzero(positive > probabilities[:, 0])),
            confidence=float(confidences.sum()),
            scores=np.bincount(bins, minlength=SCORE_BINS).tolist(),
            first_reject=str(rejects[0]) if rejects else None,
            profile=profile,
            unsure=int(np.count_nonzero(confidences < unsure_below)),
            gathered=gathered,
        )

    def __add__(self, other: Self) -> Self:
        mine, theirs = dict(vars(self)), dict(vars(other))
        first = mine.pop("first_reject") or theirs.pop("first_reject")
        gathered = [one for one in (mine.pop("gathered"), theirs.pop("gathered")) if one]
        both = gathered[0] + gathered[1] if len(gathered) == 2 else next(iter(gathered), None)
        return type(self)(**add_counts(mine, theirs), first_reject=first, gathered=both)

    @property
    def positive_share(self) -> float:
        """Share of the scored rows with a text whose label is positive."""
        return self.positive / max(self.scored - self.empty, 1)

    @property
    def unsure_share(self) -> float:
        """Share of the scored rows with a text that are labelled `unsure`."""
        return self.unsure / max(self.scored - self.empty, 1)

    @property
    def mean_confidence(self) -> float:
        """Mean confidence of the scored rows with a text."""
        return self.confidence / max(self.scored - self.empty, 1)
