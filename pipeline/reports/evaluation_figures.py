"""What is told of models that were measured on labelled reviews."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.quality.coverage import Coverage
from pipeline.quality.curves import PrecisionRecall, ReliabilityBin, Roc
from pipeline.quality.groups import Group
from pipeline.quality.robustness import Robustness
from pipeline.reports.records import to_record
from pipeline.reports.showing import Shown


@dataclass(frozen=True)
class Slice:
    """Accuracy in groups of reviews; `kind` and `name` are those of a `Grouping`."""

    kind: str
    name: str
    groups: list[Group]


@dataclass(frozen=True)
class Mistake:
    """A review that a model labels wrongly."""

    label: str
    answer: str
    confidence: float
    shown: Shown


@dataclass(frozen=True)
class ModelFigures:
    """All figures of one model; `figures` are those of `Evaluated.record`.

    `coverage` is at the usual thresholds, `coverage_curve` at all. `robustness` is empty
    where it was not asked for. `mistakes`: the surest ones.
    """

    figures: Mapping[str, Any]
    roc: Roc
    precision_recall: PrecisionRecall
    reliability: list[ReliabilityBin]
    coverage_curve: list[Coverage]
    coverage: list[Coverage]
    coverage_at_95: Coverage | None
    slices: list[Slice]
    robustness: list[Robustness]
    mistakes: list[Mistake]


@dataclass(frozen=True)
class Disagreement:
    """A review that two models label differently; answers are in the models' order."""

    label: str
    answers: tuple[str, str]
    confidences: tuple[float, float]
    shown: Shown


@dataclass(frozen=True)
class Disagreements:
    """How two models differ; `only_first`, `only_second` and `p` are those of McNemar's test."""

    agreement: float
    count: int
    only_first: int
    only_second: int
    p: float
    surest: list[Disagreement]


@dataclass(frozen=True)
class EvaluationFigures:
    """Figures of one or two models on the same reviews.

    `data`: the file and what was read of it. `coloured_by`: the fast model that the colours are of.
    """

    data: Mapping[str, Any]
    models: list[ModelFigures]
    disagreements: Disagreements | None
    coloured_by: str | None

    def record(self) -> dict[str, Any]:
        """All of them, for JSON; None stands for what is not defined."""
        record: dict[str, Any] = to_record(self)
        record["models"] = [model.pop("figures") | model for model in record["models"]]
        return record
