"""`sentiment artifacts`."""

from dataclasses import asdict
from pathlib import Path

import click

from cli.options import artifacts_option, echo_json


@click.group("artifacts")
def command() -> None:
    """List artifacts, choose one, roll back, clean up.

    \b
    Examples:
      sentiment artifacts list
      sentiment artifacts show fast
      sentiment artifacts use 3f9c
      sentiment artifacts use previous
      sentiment artifacts use previous --model fast
      sentiment artifacts prune
    """


@command.command("list")
@artifacts_option
def list_command(artifacts: Path) -> None:
    """List all artifacts, oldest first; * marks those in use."""
    from pipeline.artifacts import builtin
    from pipeline.artifacts.listing import damaged_slots, list_artifacts, list_builtin
    from pipeline.artifacts.runs import notes
    from pipeline.artifacts.summaries import accuracy, basis, trained_on

    noted = notes(artifacts)
    for stored in (*list_builtin(artifacts), *list_artifacts(artifacts)):
        name = f"{'*' if stored.is_current else ' '} {stored.name}"
        if stored.manifest is None:
            click.echo(f"{name}  cannot be read")
            continue
        made, size = stored.manifest, f"{stored.manifest.size / 2**20:.1f} MiB"
        origin = "built in" if stored.folder == builtin.FOLDER else noted.get(made.run)
        parts = (made.created_at[:16], accuracy(made), trained_on(made), basis(made), size)
        click.echo("  ".join([name, *parts, *filter(None, [origin])]))
    for message in damaged_slots(artifacts).values():
        click.echo(f"Warning: {message}", err=True)


@command.command("show")
@click.argument("artifact")
@click.option("--card", is_flag=True, help="Print its model card, which is Markdown.")
@artifacts_option
def show_command(artifact: str, card: bool, artifacts: Path) -> None:
    """Print all that an artifact says of itself, as JSON.

    ARTIFACT is fast or deep, for the current one, or a digest, or the beginning of one.

    \b
    Examples:
      sentiment artifacts show fast | jq .metrics.test
      sentiment artifacts show 3f9c --card
    """
    from pipeline.artifacts.store import find_artifact
    from pipeline.artifacts.verification import CARD, load_artifact
    from pipeline.errors import ModelMissing

    found = load_artifact(find_artifact(artifacts, artifact))
    if not card:
        echo_json({"digest": found.digest, **asdict(found.manifest)})
        return
    if CARD not in found.files:
        raise ModelMissing(f"It was sealed without a {CARD}. Serialize its run again.")
    click.echo(found.files[CARD], nl=False)


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
