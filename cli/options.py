"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path

import click

artifacts_option = click.option(
    "--artifacts",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("artifacts"),
    help="Folder of runs and artifacts.",
)


def trust_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --expect-digest and --require-signature."""
    expect_digest = click.option(
        "--expect-digest",
        metavar="DIGEST",
        help="Refuse any other artifact than this one (at least 8 digits of its digest).",
    )
    require_signature = click.option(
        "--require-signature",
        metavar="PUBKEY",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Refuse an artifact that was not signed with this key (Ed25519, PEM).",
    )
    return expect_digest(require_signature(command))


engine_option = click.option(
    "--engine",
    type=click.Choice(["onnx", "torch"]),
    default="onnx",
    help="What runs the deep model; onnx needs no torch.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["int8", "fp32"]),
    default="int8",
    help="Of the deep model's numbers in ONNX. int8 is refused where it strays from fp32.",
)

fast_option = click.option("--fast", is_flag=True, help="Use the fast model.")
