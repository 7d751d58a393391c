"""Figures of one or two models on labelled reviews: for the page of `evaluate`, and as JSON."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import ModelMissing
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.models.linear import LinearModel
from pipeline.quality.coverage import WANTED, coverage_at, coverages
from pipeline.quality.curves import coverage_curve, precision_recall, reliability, roc
from pipeline.quality.groups import accuracy_by_group
from pipeline.quality.mcnemar import mcnemar
from pipeline.reports.evaluation_figures import (
    Disagreement,
    Disagreements,
    EvaluationFigures,
    Mistake,
    ModelFigures,
    Slice,
)
from pipeline.reports.grouping import Grouping, groupings
from pipeline.reports.page import Record
from pipeline.reports.showing import Show, show_with
from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import clean, clean_all
from pipeline.workflows.candidates import Candidate, find_candidate
from pipeline.workflows.comparing import changed_reviews
from pipeline.workflows.evaluating import Evaluated, agreement

MOST_REVIEWS = 50
"""Mistakes, and reviews on which two models disagree, that are shown."""


def evaluation_record(
    reviews: Reviews, path: Path, measured: Sequence[Evaluated], root: Path
) -> Record:
    """Figures for JSON and for the page, coloured by a fast model where there is one."""
    return evaluation_figures(reviews, path, measured, colouring_model(measured, root)).record()


def evaluation_figures(
    reviews: Reviews,
    path: Path,
    measured: Sequence[Evaluated],
    colours: Evaluated | Candidate | None,
) -> EvaluationFigures:
    """All figures of one or two models that were measured on the reviews of this file."""
    groups = groupings(clean_all(reviews.texts), reviews.columns)
    model = colours.model if colours is not None else None
    show = show_with(model if isinstance(model, LinearModel) else None)
    data = {
        "file": clean(str(path)),
        "sha256": reviews.sha256,
        "reviews": len(reviews),
        "positive": sum(reviews.labels),
        "without_text": reviews.without_text,
        "left_out": {clean(label): rows for label, rows in reviews.left_out.items()},
    }
    return EvaluationFigures(
        data,
        [_of_model(reviews, one, groups, show) for one in measured],
        _disagreements(reviews, measured, show) if len(measured) == 2 else None,
        colours.name if colours is not None else None,
    )


def colouring_model(measured: Sequence[Evaluated], root: Path) -> Evaluated | Candidate | None:
    """The fast model that colours reviews: one that was measured, else the current one, if any."""
    for one in measured:
        if isinstance(one.model, LinearModel):
            return one
    try:
        return find_candidate(root, "fast")
    except ModelMissing:
        return None


def _of_model(
    reviews: Reviews, measured: Evaluated, groups: Sequence[Grouping], show: Show
) -> ModelFigures:
    labels, positive = np.array(reviews.labels), measured.positive
    right = measured.right(reviews)
    return ModelFigures(
        measured.record(),
        roc(labels, positive),
        precision_recall(labels, positive),
        reliability(labels, positive),
        coverage_curve(labels, positive),
        coverages(labels, positive),
        coverage_at(labels, positive, WANTED),
        [Slice(kind, name, accuracy_by_group(members, right)) for kind, name, members in groups],
        measured.robustness,
        _mistakes(reviews, measured, show),
    )


def _mistakes(reviews: Reviews, measured: Evaluated, show: Show) -> list[Mistake]:
    """The mistakes with the highest confidence, the first in the file first where that is equal."""
    confidences = np.maximum(measured.positive, 1 - measured.positive)
    wrong = np.flatnonzero(~measured.right(reviews))
    surest = wrong[np.argsort(-confidences[wrong], kind="stable")][:MOST_REVIEWS]
    return [
        Mistake(
            (NEGATIVE, POSITIVE)[reviews.labels[row]],
            (NEGATIVE, POSITIVE)[1 - reviews.labels[row]],
            float(confidences[row]),
            show(reviews.texts[row]),
        )
        for row in surest.tolist()
    ]


def _disagreements(reviews: Reviews, measured: Sequence[Evaluated], show: Show) -> Disagreements:
    one, other = measured
    test = mcnemar(one.right(reviews), other.right(reviews))
    changed = changed_reviews(reviews, one, other)
    surest = [
        Disagreement(
            change.label,
            (change.first, change.second),
            (change.first_confidence, change.second_confidence),
            show(change.text),
        )
        for change in changed[:MOST_REVIEWS]
    ]
    counts = (len(changed), test.only_first, test.only_second, test.p)
    return Disagreements(agreement(one, other), *counts, surest)
