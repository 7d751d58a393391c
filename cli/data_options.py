"""The options that name labelled reviews: where they are left out, NSMC's own files."""

import os
from pathlib import Path

import click

from pipeline.reviews.nsmc import TEST

FOLDER = Path("data/nsmc")
"""Where `sentiment data` puts NSMC."""
VARIABLE = "NSMC_DIR"
"""Environment variable that names another folder with NSMC."""


class ReviewsPath(click.Path):
    """A path that exists; where it does not, the message says how to get reviews."""

    def __init__(self, dir_okay: bool) -> None:
        super().__init__(exists=True, dir_okay=dir_okay, path_type=Path)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Take a path; raise BadParameter with advice where nothing is there."""
        try:
            return Path(str(super().convert(str(value), param, ctx)))
        except click.BadParameter as error:
            advice = "Get NSMC with `sentiment data`, or name a labelled file with --data."
            raise click.BadParameter(f"{error.message} {advice}", ctx, param) from None


def nsmc_folder() -> Path:
    """The folder with NSMC that is used where the user names none."""
    return Path(os.environ.get(VARIABLE) or FOLDER)


test_data_option = click.option(
    "--data",
    type=ReviewsPath(dir_okay=False),
    default=lambda: nsmc_folder() / TEST.name,
    show_default=f"{FOLDER / TEST.name}, or that of the folder {VARIABLE}",
    help="Labelled file to measure on, of any format that predict reads.",
)
training_data_option = click.option(
    "--data",
    type=ReviewsPath(dir_okay=True),
    default=nsmc_folder,
    show_default=f"{FOLDER}, or the folder {VARIABLE}",
    help="Folder with NSMC, or a labelled file of any format that predict reads.",
)
