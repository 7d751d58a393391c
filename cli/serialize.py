"""`sentiment serialize`."""

from pathlib import Path

import click

from cli.options import artifacts_option


@click.command("serialize")
@click.argument("run", required=False)
@click.option(
    "--to",
    "destination",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the artifact goes; left out: the folder of --artifacts.",
)
@artifacts_option
def command(run: str | None, destination: Path | None, artifacts: Path) -> None:
    r"""Seal a run into an artifact and make it current; prints its digest.

    RUN is a run's id or the beginning of one; left out, the newest. The artifact is verified and
    answers its golden set before it becomes current. Sealing a run twice gives the same artifact.

    \b
    Examples:
      sentiment serialize
      sentiment serialize 20261122T0912 --to /srv/artifacts
    """
    from pipeline.sealing import serialize

    click.echo(serialize(artifacts, run, destination or artifacts))
