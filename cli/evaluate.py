"""`sentiment evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.data_options import test_data_option
from cli.figures import (
    comparison_table,
    confusion_table,
    coverage_table,
    metrics_line,
    robustness_table,
)
from cli.options import (
    chosen_slot,
    device_option,
    echo_json,
    model_options,
    refuse,
)
from cli.read_options import labelled_options, labelled_settings, say
from cli.report_options import page_language, report_options
from cli.store_options import local_folder, store_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.artifacts.bucket.address import BucketAddress
    from pipeline.reviews.labelled import Reviews
    from pipeline.workflows.evaluating import Evaluated


@click.command("evaluate")
@model_options
@click.option(
    "--deep", is_flag=True, help="Measure the deep model; with --fast, both side by side."
)
@click.option("--run", metavar="ID", help="Measure this run instead of the current artifact.")
@test_data_option
@labelled_options
@click.option(
    "--robustness",
    is_flag=True,
    help="Also measure on the same reviews with other spacing, tails such as ㅋㅋ, and typos.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures of a report as JSON.")
@device_option
@report_options("with curves, accuracy by group and the surest mistakes (extra [report])")
@store_option
def command(
    fast: bool,
    model: str | None,
    deep: bool,
    run: str | None,
    device: str,
    data: Path,
    robustness: bool,
    as_json: bool,
    report: Path | None,
    lang: str | None,
    artifacts: "Path | BucketAddress",
    **reading: Any,
) -> None:
    """Measure a model on labelled reviews.

    The calibration error is the expected calibration error
    over 15 bins that hold equally many reviews. A table tells for some thresholds of confidence how
    many answers would remain with --unsure-below, and how many of those are right. The columns of
    the file that the report makes groups of are those with 2 to 20 different values, and dates.
    --robustness asks the model up to ten times more, once for each way of changing the reviews.

    \b
    Examples:
      sentiment evaluate --fast
      sentiment evaluate --fast --deep
      sentiment evaluate --run 20261122T0912 --data my-reviews.tsv
      sentiment evaluate --fast --data shop.csv --label-column 별점 --rating-scale 5
      sentiment evaluate --fast --robustness
      sentiment evaluate --fast --report page.html --lang ko
      sentiment evaluate --fast --json | jq '.models[0].accuracy'
    """
    if run is not None:
        refuse(["fast", "model", "deep"], "with --run, which is of one model")
    if deep:
        refuse(["model"], "with --deep")
    elif fast or model == "fast":
        refuse(["device"], "with the fast model, which needs one thread of the CPU")
    language = page_language(report, lang)
    from cli.loading import load_handler
    from pipeline.artifacts.bucket.choosing import local_store
    from pipeline.models.hardware import Hardware
    from pipeline.reports.evaluation import evaluation_record
    from pipeline.reports.evaluation_page import check_evaluation, write_evaluation
    from pipeline.reviews.labelled import read_reviews
    from pipeline.workflows.evaluating import evaluate, evaluate_run, with_robustness

    hardware = Hardware(device=device)
    check_evaluation(report, data)
    wanted = as_json or report is not None
    reviews = read_reviews(data, labelled_settings(reading, data), say, with_columns=wanted)
    if run is not None:
        root = local_folder(artifacts, "--run")
        measured = [evaluate_run(reviews, root, run, hardware)]
    else:
        slots = ["fast", "deep"]
        if not (fast and deep):
            slots = [chosen_slot(artifacts, fast, "deep" if deep else model)]
        # The fast model colours what a report shows.
        root = local_store(artifacts, {*slots, "fast"} if wanted else slots)
        handlers = [load_handler(root, slot, hardware=hardware) for slot in slots]
        measured = evaluate(reviews, handlers)
    if robustness:
        measured = [with_robustness(one, reviews) for one in measured]
    say(f"Measured: {' and '.join(one.name for one in measured)}.")
    if wanted:
        record = evaluation_record(reviews, data, measured, root)
        if report is not None:
            write_evaluation(report, record, language)
    if as_json:
        echo_json(record)
    else:
        _print(reviews, measured)


def _print(reviews: "Reviews", measured: "Sequence[Evaluated]") -> None:
    import numpy as np

    from pipeline.workflows.evaluating import agreement

    if len(measured) == 2:
        click.echo(comparison_table(measured))
        click.echo(f"the same label for {100 * agreement(*measured):.2f} % of the reviews")
    else:
        figures = asdict(measured[0].metrics)
        click.echo(metrics_line(figures))
        click.echo(confusion_table(figures))
        click.echo(coverage_table(np.array(reviews.labels), measured[0].positive))
    for one in measured:
        if one.robustness:
            click.echo(robustness_table(one))
