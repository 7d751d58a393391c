"""What `sentiment predict` does with files: score them, show how far it is, sum up."""

import time

import click

from pipeline.batch.columns import AddedColumns
from pipeline.batch.formats import STANDARD_STREAM, output_kind
from pipeline.batch.layouts import ReadSettings
from pipeline.batch.parallel import default_jobs
from pipeline.batch.scoring import Job, refuse_rejects, score_files
from pipeline.batch.serializing import WriteSettings
from pipeline.batch.sources import find_sources
from pipeline.batch.totals import Totals
from pipeline.handlers.base import Handler


def make_job(
    inputs: tuple[str, ...],
    output: str | None,
    column: str | None,
    encoding: str,
    input_format: str | None,
    output_format: str | None,
    prefix: str,
    probabilities: bool,
    excel: bool,
) -> Job:
    """What the options ask for; UsageError or InvalidInput where that cannot be."""
    added = AddedColumns(prefix, probabilities)
    kind = output_kind(output or STANDARD_STREAM, output_format)
    if excel and kind.format != "csv":
        raise click.UsageError("--excel is for .csv files.")
    return Job(
        find_sources(inputs, input_format),
        output,
        ReadSettings(column, encoding, added),
        WriteSettings(kind, added, excel),
    )


def score(
    handler: Handler, job: Job, max_rejects: int, restart: bool, jobs: int | None, quiet: bool
) -> None:
    """Score the inputs; show on the terminal how that goes."""
    begin = time.monotonic()
    totals = score_files(handler, job, jobs or default_jobs(handler, job.sources), restart)
    if not quiet:
        click.echo(summary(totals, time.monotonic() - begin), err=True)
    refuse_rejects(totals, job, max_rejects)


def summary(totals: Totals, seconds: float) -> str:
    """Two lines: what became of the rows, and what the answers are like."""
    return (
        f"{totals.rows:,} rows in = {totals.scored:,} scored + {totals.rejected:,} rejected\n"
        f"{totals.positive_share:.1%} positive, mean confidence {totals.mean_confidence:.1%}, "
        f"{totals.rows / seconds:,.0f} rows/s"
    )
