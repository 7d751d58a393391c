"""`sentiment verify`."""

from pathlib import Path

import click

from cli.options import trust_options


@click.command("verify")
@click.argument("artifact", type=click.Path(exists=True, file_okay=False, path_type=Path))
@trust_options
def command(artifact: Path, expect_digest: str | None, require_signature: Path | None) -> None:
    r"""Check an artifact: every byte, then every golden answer. Exit code 0 or 4.

    ARTIFACT is its folder, artifacts/<slot>/<digest>. A digest proves that it is whole, a signature
    also where it came from.

    \b
    Examples:
      sentiment verify artifacts/fast/3f9c…
      sentiment verify --require-signature public.pem artifacts/fast/3f9c…
    """
    from pipeline.artifacts import Trust
    from pipeline.handlers.loading import load_folder

    verified = load_folder(artifact, Trust(expect_digest, require_signature)).artifact
    golden = len(verified.manifest.golden)
    click.echo(f"{verified.manifest.slot}@{verified.digest}: good ({golden} golden answers equal)")
