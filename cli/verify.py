"""`sentiment verify`."""

from pathlib import Path

import click


@click.command("verify")
@click.argument("artifact", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(artifact: Path) -> None:
    r"""Check an artifact: every byte, then every golden answer. Exit code 0 or 4.

    ARTIFACT is its folder, artifacts/<slot>/<digest>.

    \b
    Example:
      sentiment verify artifacts/fast/3f9c…
    """
    from pipeline.handlers.loading import load_folder

    verified = load_folder(artifact).artifact
    golden = len(verified.manifest.golden)
    click.echo(f"{verified.manifest.slot}@{verified.digest}: good ({golden} golden answers equal)")
