"""`sentiment artifacts`."""

from pathlib import Path

import click

from cli.options import artifacts_option


@click.group("artifacts")
def command() -> None:
    """List artifacts, choose the current one, roll back, clean up.

    \b
    Examples:
      sentiment artifacts list
      sentiment artifacts use 3f9c
      sentiment artifacts use previous
      sentiment artifacts use previous --model fast
      sentiment artifacts prune
    """


@command.command("list")
@artifacts_option
def list_command(artifacts: Path) -> None:
    """List all artifacts, oldest first; * marks the current ones."""
    from pipeline.artifacts.listing import damaged_slots, list_artifacts

    for stored in list_artifacts(artifacts):
        mark, slot = "*" if stored.is_current else " ", stored.folder.parent.name
        if stored.manifest is None:
            click.echo(f"{mark} {slot}  {stored.folder.name}  cannot be read")
            continue
        test = stored.manifest.metrics.get("test")
        accuracy = f"accuracy {test['accuracy']:.2%}" if test else "not measured"
        click.echo(f"{mark} {slot}  {stored.folder.name}  {stored.manifest.created_at}  {accuracy}")
    for message in damaged_slots(artifacts).values():
        click.echo(f"Warning: {message}", err=True)


@command.command("use")
@click.argument("digest")
@click.option(
    "--model",
    type=click.Choice(["fast", "deep"]),
    help="Look among the artifacts of this model only.  [default: both]",
)
@artifacts_option
def use_command(digest: str, model: str | None, artifacts: Path) -> None:
    """Make the artifact DIGEST current, once it is verified.

    DIGEST is an artifact's digest, or the beginning of it, or the word "previous": the one that
    was current before. Where both models have a previous artifact, --model says which is meant.
    This also repairs a current.json that is damaged.

    \b
    Examples:
      sentiment artifacts use 3f9c
      sentiment artifacts use previous --model fast
    """
    from pipeline.artifacts.store import use_artifact
    from pipeline.handlers.loading import check_folder

    folder = use_artifact(artifacts, digest, check_folder, model)
    click.echo(f"{folder.parent.name}@{folder.name} is current")


@command.command("prune")
@artifacts_option
def prune_command(artifacts: Path) -> None:
    """Remove old artifacts.

    These stay: the newest five of each slot, the current and the previous one, and those that a
    running process uses.
    """
    from pipeline.artifacts.store import prune_artifacts

    for folder in prune_artifacts(artifacts):
        click.echo(f"removed {folder.parent.name}@{folder.name}")
