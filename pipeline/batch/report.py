"""The page about a run of `predict`: what the answers are like, and on which reviews."""

from pathlib import Path
from typing import Any

from pipeline.batch.scoring import Job
from pipeline.batch.totals import SCORE_BINS, Totals
from pipeline.handlers.base import Handler
from pipeline.models.linear import LinearModel
from pipeline.quality.drift import FEWEST_TEXTS
from pipeline.quality.profile import share_names
from pipeline.reports.drift import drift_figures
from pipeline.reports.gathered import Gathered
from pipeline.reports.page import Record, render, write_report
from pipeline.reports.records import to_record
from pipeline.reports.scored import gathered_figures
from pipeline.reports.showing import show_with
from pipeline.reports.standing_out import standing_out
from pipeline.reports.words import drift, scored
from pipeline.text.cleaning import clean


def write_scored(path: Path, handler: Handler, job: Job, totals: Totals, language: str) -> None:
    """Write the page, or for a name in .json its figures.

    `totals` must hold a profile and what was gathered if a row was scored.
    """
    record = scored_record(handler, job, totals)
    write_report(path, record, lambda: scored_page(record, language))


def scored_page(record: Record, language: str) -> str:
    """The page of a record of scored files."""
    words = {name: drift.WORDS[name] | scored.WORDS[name] for name in scored.WORDS}
    return render("scored.html", language, words, record, fewest=FEWEST_TEXTS)


def scored_record(handler: Handler, job: Job, totals: Totals) -> Record:
    """All figures of the page, for JSON, too."""
    training = handler.artifact.manifest.profile  # a model pulled without reviews has none
    counts = totals.profile
    record: Record = to_record(
        {
            "model": handler.name,
            "inputs": [clean(source.name) for source in job.sources],
            "output": clean(job.output) if job.output else None,
            **_counts(totals),
            **_reviews(handler, totals.gathered or Gathered()),
            "drift": drift_figures(training, counts) if training and counts else None,
        }
    )
    return record


def _counts(totals: Totals) -> dict[str, Any]:
    names = ("rows", "scored", "rejected", "empty", "unsure", "positive")
    texts = max(totals.scored - totals.empty, 1)
    bins = [
        {"name": name, "reviews": reviews, "share": reviews / texts}
        for name, reviews in zip(share_names(SCORE_BINS), totals.scores, strict=True)
    ]
    return {
        **{name: getattr(totals, name) for name in names},
        "positive_share": totals.positive_share,
        "unsure_share": totals.unsure_share,
        "mean_confidence": totals.mean_confidence,
        "first_reject": clean(totals.first_reject) if totals.first_reject else None,
        "scores": bins,
    }


def _reviews(handler: Handler, gathered: Gathered) -> dict[str, Any]:
    model = handler.model if isinstance(handler.model, LinearModel) else None
    texts = [one.text for one in gathered.sample]
    words = standing_out(texts, [one.positive for one in gathered.sample], model)
    coloured_by = None if model is None else handler.name
    figures = gathered_figures(gathered, show_with(model))
    return {**figures, "standing_out": words, "coloured_by": coloured_by}
