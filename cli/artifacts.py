"""`sentiment artifacts`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import echo_json
from cli.store_options import store_option

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress


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
      sentiment artifacts list --artifacts s3://my-models/nsmc
    """


@command.command("list")
@store_option
def list_command(artifacts: "Path | BucketAddress") -> None:
    """List all artifacts, oldest first; * marks those in use."""
    from pipeline.artifacts import builtin
    from pipeline.artifacts.bucket.catalogue import described
    from pipeline.artifacts.listing import damaged_slots, list_artifacts, list_builtin
    from pipeline.artifacts.runs import notes
    from pipeline.artifacts.summaries import accuracy, basis, trained_on

    with described(artifacts) as root:
        noted, damaged = notes(root), damaged_slots(root)
        found = (*list_builtin(root), *list_artifacts(root))
    for stored in found:
        name = f"{'*' if stored.is_current else ' '} {stored.name}"
        if stored.manifest is None:
            click.echo(f"{name}  cannot be read")
            continue
        made, size = stored.manifest, f"{stored.manifest.size / 2**20:.1f} MiB"
        origin = "built in" if stored.folder == builtin.FOLDER else noted.get(made.run)
        parts = (made.created_at[:16], accuracy(made), trained_on(made), basis(made), size)
        click.echo("  ".join([name, *parts, *filter(None, [origin])]))
    for message in damaged.values():
        click.echo(f"Warning: {message.replace(str(root), str(artifacts))}", err=True)


@command.command("show")
@click.argument("artifact")
@click.option("--card", is_flag=True, help="Print its model card, which is Markdown.")
@store_option
def show_command(artifact: str, card: bool, artifacts: "Path | BucketAddress") -> None:
    """Print all that an artifact says of itself, as JSON.

    ARTIFACT is fast or deep, for the current one, or a digest, or the beginning of one.

    \b
    Examples:
      sentiment artifacts show fast | jq .metrics.test
      sentiment artifacts show 3f9c --card
    """
    from pipeline.artifacts.bucket.catalogue import whole
    from pipeline.artifacts.verification import CARD, load_artifact
    from pipeline.errors import ModelMissing

    with whole(artifacts, artifact) as folder:
        found = load_artifact(folder)
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
@store_option
def use_command(digest: str, model: str | None, artifacts: "Path | BucketAddress") -> None:
    """Make the artifact DIGEST current, once it is verified.

    DIGEST is an artifact's digest, or the beginning of it, or the word "previous": the one that
    was current before. Where both models have a previous artifact, --model says which is meant.
    This also repairs a current.json that is damaged.

    \b
    Examples:
      sentiment artifacts use 3f9c
      sentiment artifacts use previous --model fast
    """
    from pipeline.artifacts.bucket.changing import use
    from pipeline.handlers.loading import check_folder

    folder = use(artifacts, digest, check_folder, model)
    click.echo(f"{folder.parent.name}@{folder.name} is current")


@command.command("prune")
@store_option
def prune_command(artifacts: "Path | BucketAddress") -> None:
    """Remove old artifacts.

    These stay: the newest five of each slot, the current and the previous one, and those that a
    running process uses.
    """
    from pipeline.artifacts.bucket.changing import prune

    for folder in prune(artifacts):
        click.echo(f"removed {folder.parent.name}@{folder.name}")
