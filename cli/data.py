"""`sentiment data`."""

from pathlib import Path

import click

from cli.data_options import FOLDER


@click.command("data")
@click.option(
    "--from",
    "source",
    metavar="DIR|URL",
    help="Folder or base URL to get the two files from; left out: the corpus's own repository.",
)
@click.option(
    "--to",
    "destination",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Folder to put the two files in.",
)
def command(source: str | None, destination: Path) -> None:
    """Get NSMC, the Naver sentiment movie corpus, and verify it.

    Every byte is verified. A download that broke off continues where it stopped. Files that are
    there already and are right are kept.

    \b
    Examples:
      sentiment data
      sentiment data --from ~/Downloads/nsmc --to data/nsmc
    """
    from pipeline.reviews.downloads import get_nsmc

    for path, rows in get_nsmc(source, destination):
        click.echo(f"{path}: {rows:,} reviews, verified")
