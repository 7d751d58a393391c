"""`sentiment evaluate`."""

from dataclasses import asdict
from pathlib import Path

import click

from cli.figures import comparison_table, confusion_table, metrics_line
from cli.options import artifacts_option


@click.command("evaluate")
@click.option("--fast", is_flag=True, help="Measure the fast model; this is the default.")
@click.option(
    "--deep", is_flag=True, help="Measure the deep model; with --fast, both models side by side."
)
@click.option("--run", metavar="ID", help="Measure this run instead of the current artifact.")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("data/nsmc/ratings_test.txt"),
    help="Labelled .tsv file to measure on (columns document and label).",
)
@artifacts_option
def command(fast: bool, deep: bool, run: str | None, data: Path, artifacts: Path) -> None:
    """Measure a model on labelled reviews.

    The calibration error is the expected calibration error
    over 15 bins that hold equally many reviews.

    \b
    Examples:
      sentiment evaluate --fast
      sentiment evaluate --fast --deep
      sentiment evaluate --run 20261122T0912 --data my-reviews.tsv
    """
    from pipeline.workflows.evaluating import agreement, evaluate, evaluate_run

    if fast and deep:
        both = evaluate(data, artifacts, ["fast", "deep"])
        click.echo(comparison_table(both))
        click.echo(f"the same label for {100 * agreement(*both):.2f} % of the reviews")
        return
    if run:
        figures = asdict(evaluate_run(data, artifacts, run))
    else:
        figures = asdict(evaluate(data, artifacts, ["deep" if deep else "fast"])[0].metrics)
    click.echo(metrics_line(figures))
    click.echo(confusion_table(figures))
