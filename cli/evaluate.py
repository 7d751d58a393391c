"""`sentiment evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cli.data_options import test_data_option
from cli.figures import comparison_table, confusion_table, coverage_table, metrics_line
from cli.options import artifacts_option, chosen_slot, model_options, refuse
from cli.read_options import labelled_options, labelled_settings, say


@click.command("evaluate")
@model_options
@click.option(
    "--deep", is_flag=True, help="Measure the deep model; with --fast, both side by side."
)
@click.option("--run", metavar="ID", help="Measure this run instead of the current artifact.")
@test_data_option
@labelled_options
@artifacts_option
def command(
    fast: bool,
    model: str | None,
    deep: bool,
    run: str | None,
    data: Path,
    artifacts: Path,
    **reading: Any,
) -> None:
    """Measure a model on labelled reviews.

    The calibration error is the expected calibration error
    over 15 bins that hold equally many reviews. A table tells for some thresholds of confidence how
    many answers would remain with --unsure-below, and how many of those are right.

    \b
    Examples:
      sentiment evaluate --fast
      sentiment evaluate --fast --deep
      sentiment evaluate --run 20261122T0912 --data my-reviews.tsv
      sentiment evaluate --fast --data shop.csv --label-column 별점 --rating-scale 5
    """
    if run is not None:
        refuse(["fast", "model", "deep"], "with --run, which is of one model")
    import numpy as np

    from cli.loading import load_handler
    from pipeline.reviews.labelled import read_reviews
    from pipeline.workflows.evaluating import agreement, evaluate, evaluate_run

    reviews = read_reviews(data, labelled_settings(reading, data), say)
    if fast and deep:
        both = evaluate(reviews, [load_handler(artifacts, slot) for slot in ("fast", "deep")])
        click.echo(comparison_table(both))
        click.echo(f"the same label for {100 * agreement(*both):.2f} % of the reviews")
        return
    if run is not None:
        measured = evaluate_run(reviews, artifacts, run)
    else:
        handler = load_handler(artifacts, chosen_slot(artifacts, fast, "deep" if deep else model))
        (measured,) = evaluate(reviews, [handler])
    figures = asdict(measured.metrics)
    click.echo(metrics_line(figures))
    click.echo(confusion_table(figures))
    click.echo(coverage_table(np.array(reviews.labels), measured.positive))
