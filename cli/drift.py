"""`sentiment drift`."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.file_options import check_inputs
from cli.options import chosen_slot, model_options, trust_options
from cli.read_options import read_options, refuse_unused, say, say_shape
from cli.report_options import page_language, report_options
from cli.store_options import store_option

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress


@click.command("drift")
@click.argument("inputs", metavar="FILE...", nargs=-1, required=True, callback=check_inputs)
@model_options
@read_options
@click.option("--json", "as_json", is_flag=True, help="Print the indexes as JSON.")
@report_options("that says what the indexes mean and shows the shares behind them")
@trust_options
@store_option
def command(
    inputs: tuple[str, ...],
    fast: bool,
    model: str | None,
    input_format: str | None,
    as_json: bool,
    report: Path | None,
    lang: str | None,
    expect_digest: str | None,
    require_signature: Path | None,
    not_before: datetime | None,
    artifacts: "Path | BucketAddress",
    **read: Any,
) -> None:
    """Show how far the reviews in FILE are from those of training.

    For each of length, scripts and score, this is the population stability index against the
    artifact's reference profile. Below 0.1 nothing has changed; from 0.25 on much has, and figures
    measured on the old reviews may no longer hold. From 0.1 on, a command is named that fits the
    model to the new ones. Under 200 reviews the index says nothing. A server shows the same indexes
    of live texts at /metrics.

    \b
    Examples:
      sentiment drift --fast this-week.csv
      sentiment drift --fast --json this-week.csv | jq .indexes.score
      sentiment drift --fast this-week.csv --report drift.html --lang ko
    """
    from cli.loading import load_handler

    language = page_language(report, lang)
    from pipeline.artifacts.verification import Trust
    from pipeline.files.layouts import ReadSettings
    from pipeline.files.sources import find_sources
    from pipeline.quality.drift import FEWEST_TEXTS, verdict
    from pipeline.reports.drift_page import write_drift
    from pipeline.reports.page import check_report
    from pipeline.workflows.file_drift import measure_drift

    sources = find_sources(inputs, input_format)
    if report is not None:
        check_report(report, [source.path for source in sources if source.is_local])
    refuse_unused(sources, read["delimiter"])
    trust = Trust(expect_digest, require_signature, not_before)
    handler = load_handler(artifacts, chosen_slot(artifacts, fast, model), trust)
    measured = measure_drift(handler, sources, ReadSettings(**read), say_shape)
    if report is not None:
        write_drift(report, handler, sources, measured, language)
    click.echo(f"{measured.texts:,} reviews against {handler.name}", err=True)
    if as_json:
        click.echo(json.dumps(measured.record()))
        return
    for feature, index in measured.indexes.items():
        meaning = verdict(index) if measured.texts >= FEWEST_TEXTS else "too few reviews to say"
        click.echo(f"{feature:8}{index:8.3f}  {meaning}")
    for remedy in measured.remedies:
        say(f"To fit the model to such reviews: {remedy}")
