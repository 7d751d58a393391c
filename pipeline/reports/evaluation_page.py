"""The page about models measured on labelled reviews."""

from pathlib import Path, PurePath

from markupsafe import Markup

from pipeline.reports.charts import draw_charts, need_charts
from pipeline.reports.page import Record, check_report, is_page, render, words_of, write_report
from pipeline.reports.tallies import SMALLEST
from pipeline.reports.words import evaluation


def check_evaluation(report: Path | None, data: Path) -> None:
    """Raise before a model is measured for a page that cannot be written.

    Raises InvalidInput as `check_report` does, ModelMissing without matplotlib.
    """
    if report is not None:
        check_report(report, [data])
        if is_page(report):
            need_charts()


def write_evaluation(report: Path, record: Record, language: str) -> None:
    """Write the page of a record of `EvaluationFigures`, or for a name in .json the record."""
    write_report(report, record, lambda: evaluation_page(record, language))


def evaluation_page(record: Record, language: str) -> str:
    """The page of a record of `EvaluationFigures`."""
    drawn = draw_charts(record["models"], words_of(evaluation.WORDS, language))
    charts = {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 - words are escaped
    name = PurePath(record["data"]["file"]).name
    more = {"charts": charts, "name": name, "lowest": _lowest(record)}
    return render("evaluation.html", language, evaluation.WORDS, record, **more)


def _lowest(record: Record) -> float:
    """Where the axis of accuracies begins, so that differences between groups can be seen."""
    slices = [one for model in record["models"] for one in model["slices"]]
    groups = [group for one in slices for group in one["groups"]]
    return min((group["low"] for group in groups if group["reviews"] >= SMALLEST), default=0.0)
