"""`sentiment data`."""

from pathlib import Path

import click

from cli.data_options import FOLDER


@click.command("data")
@click.option(
    "--from",
    "source",
    metavar="DIR|URL",
    help="Folder or base URL to get the files from; left out: the corpus's own repository.",
)
@click.option(
    "--to",
    "destination",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Folder to put the files in.",
)
@click.option(
    "--unlabelled",
    is_flag=True,
    help="Get also the raw reviews that NSMC was drawn from, without its own texts and labels.",
)
def command(source: str | None, destination: Path, unlabelled: bool) -> None:
    """Get NSMC, the Naver sentiment movie corpus, and verify it.

    Every byte is verified. A download that broke off continues where it stopped. Files that are
    there already and are right are kept.

    With --unlabelled, the raw reviews follow, cleaned and each once: unlabelled.txt.gz, a review a
    line. No text of the training and test reviews is among them.

    \b
    Examples:
      sentiment data
      sentiment data --from ~/Downloads/nsmc --to data/nsmc
      sentiment data --unlabelled
    """
    from pipeline.reviews.downloads import get_nsmc
    from pipeline.reviews.raw_reviews import check_source, get_unlabelled

    if unlabelled:
        check_source(source)
    for path, rows in get_nsmc(source, destination):
        click.echo(f"{path}: {rows:,} reviews, verified")
    if unlabelled:
        path, made, is_new = get_unlabelled(source, destination)
        there = "" if is_new else ", there already"
        click.echo(f"{path}: {made.reviews:,} reviews without labels{there}")
        if is_new:
            click.echo(
                f"Left out: {made.official:,} raw reviews whose text is NSMC's own, "
                f"{made.repeated:,} repeated or empty.",
                err=True,
            )
