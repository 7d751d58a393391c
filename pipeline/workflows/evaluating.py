"""Measuring a run, or loaded models, on labelled reviews."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.runs import find_run
from pipeline.handlers.base import Handler
from pipeline.models.base import Model
from pipeline.models.hardware import ALL, Hardware, texts_at_a_time
from pipeline.progress import progress_bar
from pipeline.quality.metrics import Metrics, measure
from pipeline.quality.perturbations import PERTURBATIONS, perturb
from pipeline.quality.robustness import Robustness, robustness
from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import clean_all
from pipeline.workflows.candidates import Candidate, of_handler, of_run

WARM_UP = 32
"""Reviews answered before the time counts."""


@dataclass(frozen=True)
class Evaluated:
    """A model's figures; `positive` is its P(positive) of each review, shape (n,).

    `robustness` is empty where it was not asked for.
    """

    name: str
    slot: str
    metrics: Metrics
    reviews_per_second: float
    positive: NDArray[np.float64] = field(repr=False)
    model: Model = field(repr=False)
    robustness: list[Robustness] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """The figures, for JSON."""
        speed = {"reviews_per_second": self.reviews_per_second}
        return {"model": self.name, "slot": self.slot, **asdict(self.metrics), **speed}

    @property
    def answers(self) -> NDArray[np.bool_]:
        """Which of the n reviews it takes for positive, shape (n,)."""
        return self.positive > 0.5

    def right(self, reviews: Reviews) -> NDArray[np.bool_]:
        """Which of the n reviews that it was measured on it labels rightly, shape (n,)."""
        is_right: NDArray[np.bool_] = (np.array(reviews.labels) == 1) == self.answers
        return is_right


def evaluate_run(reviews: Reviews, root: Path, run_id: str, hardware: Hardware = ALL) -> Evaluated:
    """Figures of a run over labelled reviews; raises ModelMissing."""
    return evaluate_candidate(of_run(find_run(root, run_id), hardware), reviews)


def evaluate(reviews: Reviews, handlers: Sequence[Handler]) -> list[Evaluated]:
    """Figures of the models of these handlers over labelled reviews."""
    return [evaluate_candidate(of_handler(one), reviews) for one in handlers]


def agreement(first: Evaluated, second: Evaluated) -> float:
    """Share of the reviews that both give the same label."""
    return float((first.answers == second.answers).mean())


def evaluate_candidate(candidate: Candidate, reviews: Reviews) -> Evaluated:
    """Figures of a model over labelled reviews."""
    name, slot, model = candidate.name, candidate.slot, candidate.model
    positive = np.empty(len(reviews))
    model.probabilities(clean_all(reviews.texts[:WARM_UP]))  # the first answers are slower
    size = texts_at_a_time(model.device)
    begin = time.perf_counter()
    with progress_bar(len(reviews), f"Measuring {name}") as bar:
        for start in range(0, len(reviews), size):
            texts = clean_all(reviews.texts[start : start + size])
            positive[start : start + size] = model.probabilities(texts)[:, 1]
            bar.update(len(texts))
    seconds = time.perf_counter() - begin
    metrics = measure(np.array(reviews.labels), positive)
    return Evaluated(name, slot, metrics, len(reviews) / seconds, positive, model)


def with_robustness(measured: Evaluated, reviews: Reviews) -> Evaluated:
    """The figures, and those of the same reviews changed in each of the known ways.

    Only what a change leaves different after cleaning is asked anew.
    """
    found = []
    size = texts_at_a_time(measured.model.device)
    name = f"Changing reviews for {measured.name}"
    with progress_bar(len(PERTURBATIONS) * len(reviews), name) as bar:
        for change in PERTURBATIONS:
            after, changed = measured.answers, 0
            for start in range(0, len(reviews), size):
                texts = clean_all(reviews.texts[start : start + size])
                others = clean_all([perturb(change, text) for text in texts])
                rows = [row for row, text in enumerate(texts) if others[row] != text]
                asked = [others[row] for row in rows]
                places = np.array(rows, dtype=np.intp) + start
                after[places] = measured.model.probabilities(asked)[:, 1] > 0.5
                changed += len(rows)
                bar.update(len(texts))
            labels = np.array(reviews.labels) == 1
            found.append(robustness(change, labels, measured.answers, after, changed))
    return replace(measured, robustness=found)
