"""Two models on the same labelled reviews: which is better, and where they differ."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import InvalidInput
from pipeline.handlers.base import labels_and_confidences
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.quality.mcnemar import McNemar, mcnemar
from pipeline.reviews.labelled import Reviews
from pipeline.workflows.candidates import Candidate, find_candidate
from pipeline.workflows.evaluating import Evaluated, evaluate_candidate


class Changed(NamedTuple):
    """A review that the two models label differently, and how sure each of them is."""

    text: str
    label: str
    first: str
    first_confidence: float
    second: str
    second_confidence: float


@dataclass(frozen=True)
class Comparison:
    """Figures of both models, the test, and the reviews that they label differently.

    The surest changes come first. `sizes`: bytes of the models' files.
    """

    models: tuple[Evaluated, Evaluated]
    sizes: tuple[int, int]
    test: McNemar
    changed: list[Changed]

    def record(self) -> dict[str, Any]:
        """All of it, for JSON."""
        pairs = zip(self.models, self.sizes, strict=True)
        models = [model.record() | {"bytes": size} for model, size in pairs]
        changed = [one._asdict() for one in self.changed]
        return {"models": models, "mcnemar": vars(self.test), "changed": changed}


def compare(reviews: Reviews, root: Path, first: str, second: str) -> Comparison:
    """Measure two models of a store on labelled reviews; for their names see `find_candidate`.

    Raises what `find_candidate` raises, InvalidInput where both names mean the same model.
    """
    candidates = find_candidate(root, first), find_candidate(root, second)
    if candidates[0].name == candidates[1].name:
        raise InvalidInput(f"{first} and {second} are the same model, {candidates[0].name}.")
    return compare_candidates(reviews, candidates)


def compare_candidates(reviews: Reviews, candidates: tuple[Candidate, Candidate]) -> Comparison:
    """Measure two models on labelled reviews."""
    one, other = (evaluate_candidate(candidate, reviews) for candidate in candidates)
    sizes = candidates[0].size, candidates[1].size
    test = mcnemar(one.right(reviews), other.right(reviews))
    return Comparison((one, other), sizes, test, changed_reviews(reviews, one, other))


def changed_reviews(reviews: Reviews, one: Evaluated, other: Evaluated) -> list[Changed]:
    """The reviews that two models label differently, the surest changes first."""
    difference = np.abs(one.positive - other.positive)
    rows = np.flatnonzero(one.answers != other.answers)
    (mine, sure), (theirs, surer) = (
        labels_and_confidences(np.column_stack((1 - model.positive, model.positive))[rows])
        for model in (one, other)
    )
    changed = [
        Changed(
            reviews.texts[row],
            (NEGATIVE, POSITIVE)[reviews.labels[row]],
            *(str(mine[place]), float(sure[place])),
            *(str(theirs[place]), float(surer[place])),
        )
        for place, row in enumerate(rows.tolist())
    ]
    order = np.argsort(-difference[rows], kind="stable")
    return [changed[place] for place in order.tolist()]
