"""Options that several commands share."""

from pathlib import Path

import click

artifacts_option = click.option(
    "--artifacts",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("artifacts"),
    help="Folder of runs and artifacts.",
)

fast_option = click.option("--fast", is_flag=True, help="Use the fast model.")
