"""`sentiment doctor`."""

from pathlib import Path

import click

from cli.options import artifacts_option


@click.command("doctor")
@artifacts_option
def command(artifacts: Path) -> None:
    """Say what this installation has, what it lacks, and how to get that.

    \b
    Examples:
      sentiment doctor
      sentiment doctor --artifacts /srv/artifacts
    """
    from pipeline.workflows.doctor import examine

    for finding in examine(artifacts):
        mark = "-" if finding.mend else "+"
        click.echo(f"{mark} {finding.name:<18} {finding.detail}")
        if finding.mend:
            click.echo(f"  {'':<18} {finding.mend}")
