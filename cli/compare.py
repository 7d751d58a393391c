"""`sentiment compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.data_options import test_data_option
from cli.figures import comparison_table
from cli.options import artifacts_option, echo_json, refuse
from cli.read_options import labelled_options, labelled_settings, say

if TYPE_CHECKING:
    from pipeline.workflows.comparing import Changed, Comparison


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@test_data_option
@labelled_options
@click.option("--json", "as_json", is_flag=True, help="Print all figures and changes as JSON.")
@click.option(
    "--top",
    type=click.IntRange(0),
    default=10,
    help="How many of the reviews to show that A and B label differently.",
)
@artifacts_option
def command(
    first: str,
    second: str,
    data: Path,
    as_json: bool,
    top: int,
    artifacts: Path,
    **reading: Any,
) -> None:
    """Compare two models on the same labelled reviews.

    A and B are fast or deep, for the current artifacts, or digests of artifacts or ids of runs, or
    beginnings of these. McNemar's exact test tells how likely a difference like theirs is between
    models that are equally good.

    \b
    Examples:
      sentiment compare fast deep
      sentiment compare fast 20261122T0912 --data my-reviews.tsv
      sentiment compare fast deep --json | jq .mcnemar.p
    """
    if as_json:
        refuse(["top"], "with --json, which has all reviews")
    from pipeline.reviews.labelled import read_reviews
    from pipeline.workflows.comparing import compare

    reviews = read_reviews(data, labelled_settings(reading, data), say)
    found = compare(reviews, artifacts, first, second)
    if as_json:
        echo_json(found.record())
        return
    click.echo(comparison_table(found.models))
    click.echo(_differences(found, len(reviews)))
    for change in found.changed[:top]:
        click.echo(_line(change))


def _differences(found: "Comparison", reviews: int) -> str:
    (a, b), test = (model.name for model in found.models), found.test
    sizes = [f"{size / 2**20:.1f} MiB" for size in found.sizes]
    return (
        f"{a}: {sizes[0]}, {b}: {sizes[1]}\n"
        f"{len(found.changed):,} of {reviews:,} reviews are labelled differently: "
        f"only {a} is right on {test.only_first:,}, only {b} on {test.only_second:,}\n"
        f"McNemar's test: p = {test.p:.2g}"
    )


def _line(change: "Changed") -> str:
    from pipeline.text.cleaning import clean  # no line ends, nothing that steers a terminal

    return (
        f"  is {change.label}: {change.first} {change.first_confidence:.2f} → "
        f"{change.second} {change.second_confidence:.2f}  {clean(change.text)}"
    )
