"""`sentiment runs`."""

from dataclasses import asdict
from pathlib import Path

import click

from cli.options import artifacts_option, echo_json


@click.group("runs", invoke_without_command=True)
def command() -> None:
    """List the runs of training, show one, note something of it.

    \b
    Examples:
      sentiment runs
      sentiment runs show 20261122T0912
      sentiment runs note 20261122T0912 "without the reviews of 2019"
    """
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        list_command.invoke(list_command.make_context("list", [], parent=context))


@command.command("list")
@artifacts_option
def list_command(artifacts: Path) -> None:
    """List all runs, oldest first, with what became of them."""
    from pipeline.artifacts.listing import list_artifacts
    from pipeline.artifacts.runs import list_runs, read_run
    from pipeline.artifacts.summaries import accuracy, basis, trained_on
    from pipeline.errors import InvalidInput

    sealed = {
        one.manifest.run: one.name for one in list_artifacts(artifacts) if one.manifest is not None
    }
    folders = list_runs(artifacts)
    if not folders:
        click.echo(f"No runs in {artifacts}/runs. `sentiment train` makes one.", err=True)
    for folder in folders:
        try:
            run = read_run(folder)
        except InvalidInput:
            click.echo(f"{folder.name}  cannot be read")
            continue
        parts = [run.id, run.slot, accuracy(run), trained_on(run), basis(run)]
        click.echo("  ".join([*parts, *filter(None, [sealed.get(run.id), run.note])]))


@command.command("show")
@click.argument("run", required=False)
@artifacts_option
def show_command(run: str | None, artifacts: Path) -> None:
    """Print all that is recorded of RUN, as JSON.

    RUN is its id, or the beginning of it; left out: the newest run.

    \b
    Examples:
      sentiment runs show
      sentiment runs show 20261122T0912 | jq .metrics.test.accuracy
    """
    from pipeline.artifacts.runs import find_run, read_run

    echo_json(asdict(read_run(find_run(artifacts, run))))


@command.command("note")
@click.argument("run")
@click.argument("text")
@artifacts_option
def note_command(run: str, text: str, artifacts: Path) -> None:
    """Note TEXT of RUN.

    It takes the place of what was noted before; "" removes it.

    \b
    Example:
      sentiment runs note 20261122T0912 "without the reviews of 2019"
    """
    from pipeline.artifacts.runs import annotate, find_run

    annotate(find_run(artifacts, run), text)
