"""`sentiment train`."""

from pathlib import Path

import click

from cli.options import artifacts_option
from cli.reporting import metrics_line


@click.command("train")
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    default=Path("data/nsmc"),
    help="Folder with NSMC, or one labelled .tsv file (columns document and label).",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**32 - 1),
    default=0,
    help="Of the split and the solver.",
)
@click.option(
    "--tokenizer",
    type=click.Choice(["syllable", "mecab", "okt", "komoran", "hannanum", "kkma"]),
    default="syllable",
    help="Add n-grams of what this analyzer cuts the text into (needs the extra [korean]).",
)
@artifacts_option
def command(data: Path, seed: int, tokenizer: str, artifacts: Path) -> None:
    r"""Fit, calibrate and evaluate the fast model; leaves a run.

    Settings are chosen on rows held out of the training reviews, never on the test reviews.

    \b
    Examples:
      sentiment train
      sentiment train --data my-reviews.tsv --seed 1
      sentiment train --tokenizer mecab
    """
    from pipeline.training.linear import LinearSettings, features_for
    from pipeline.training.run import train

    settings = LinearSettings(features=features_for(tokenizer), seed=seed)
    run = train(data, artifacts, settings)
    click.echo(f"run       {run.id}")
    for part, figures in run.metrics.items():
        click.echo(f"{part:<9} {metrics_line(figures)}")
    click.echo(f"seconds   {run.seconds}")
