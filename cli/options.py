"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path

import click

artifacts_option = click.option(
    "--artifacts",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("artifacts"),
    help="Folder that holds the runs and artifacts.",
)


def trust_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --expect-digest and --require-signature."""
    expect_digest = click.option(
        "--expect-digest",
        metavar="DIGEST",
        help="Refuse every artifact but this one (its digest, or at least the first 8 digits).",
    )
    require_signature = click.option(
        "--require-signature",
        metavar="PUBKEY",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Refuse an artifact that was not signed with this public key (Ed25519, PEM).",
    )
    return expect_digest(require_signature(command))


engine_option = click.option(
    "--engine",
    type=click.Choice(["onnx", "torch"]),
    default="onnx",
    help="Library that runs the deep model; onnx works without torch.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["int8", "fp32"]),
    default="int8",
    help="Precision of the deep model in ONNX; int8 is refused if its answers stray from fp32.",
)

fast_option = click.option(
    "--fast", is_flag=True, help="Use the fast model; without it, the deep one."
)
