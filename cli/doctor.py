"""`sentiment doctor`."""

from pathlib import Path

import click

from cli.options import artifacts_option


@click.command("doctor")
@artifacts_option
def command(artifacts: Path) -> None:
    """Say what this installation has and lacks, and how to get it.

    \b
    Examples:
      sentiment doctor
      sentiment doctor --artifacts /srv/artifacts
    """
    from pipeline.workflows.doctor import examine

    for number, (purpose, findings) in enumerate(examine(artifacts).items()):
        click.echo(click.style(f"\n{purpose}" if number else purpose, bold=True))
        for finding in findings:
            mark = "-" if finding.fix else "+"
            click.echo(f"{mark} {finding.name:<18} {finding.detail}")
            if finding.fix:
                click.echo(f"  {'':<18} {finding.fix}")
