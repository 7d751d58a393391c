"""`sentiment evaluate`."""

from dataclasses import asdict
from pathlib import Path

import click

from cli.options import artifacts_option, fast_option
from cli.reporting import confusion_table, metrics_line


@click.command("evaluate")
@fast_option
@click.option("--run", metavar="ID", help="Evaluate this run instead of the current artifact.")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("data/nsmc/ratings_test.txt"),
    help="Labelled .tsv file (columns document and label).",
)
@artifacts_option
def command(fast: bool, run: str | None, data: Path, artifacts: Path) -> None:  # noqa: ARG001
    r"""Measure the model on labelled reviews.

    Calibration error is the expected one over 15 bins of equal mass.

    \b
    Examples:
      sentiment evaluate --fast
      sentiment evaluate --run 20261122T0912 --data my-reviews.tsv
    """
    from pipeline.evaluation import evaluate

    figures = asdict(evaluate(data, artifacts, run))
    click.echo(metrics_line(figures))
    click.echo(confusion_table(figures))
