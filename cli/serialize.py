"""`sentiment serialize`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import (
    artifacts_option,
    chosen_precision,
    engine_option,
    precision_option,
    refuse,
    unsure_option,
    was_given,
)
from cli.read_options import LABELLED, labelled_options, labelled_settings, say
from cli.store_options import Store, local_folder

if TYPE_CHECKING:
    from pipeline.artifacts.bucket.address import BucketAddress


@click.command("serialize")
@click.argument("run", required=False)
@click.option(
    "--to",
    "destination",
    type=Store(),
    help="Folder, or s3://bucket/prefix (extra [aws]), to write the artifact to; left out: the "
    "folder of --artifacts.",
)
@click.option(
    "--sign",
    "key",
    metavar="KEY",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign the artifact with this private key (Ed25519, PEM).",
)
@click.option(
    "--also",
    type=click.Choice(["sklearn"]),
    help="Also write the model as a scikit-learn pipeline, beside the artifacts.",
)
@unsure_option("Seal this as the default: answers with a confidence under P are labelled unsure.")
@engine_option
@precision_option
@click.option(
    "--reviews",
    "reviews_path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Deep: labelled file on which to compare int8 or bf16 with fp32 as well.",
)
@labelled_options
@artifacts_option
def command(
    run: str | None,
    destination: "Path | BucketAddress | None",
    key: Path | None,
    also: str | None,
    unsure_below: float | None,
    engine: str,
    precision: str | None,
    reviews_path: Path | None,
    artifacts: Path,
    **reading: Any,
) -> None:
    """Seal a run into an artifact and make it current.

    RUN is a run's id or the beginning of one; left out: the newest run. The artifact is verified
    and answers its golden set before it becomes current. Its digest is printed. Sealing a run twice
    gives the same artifact.

    \b
    Examples:
      sentiment serialize
      sentiment serialize 20261122T0912 --to ~/artifacts
      openssl genpkey -algorithm ed25519 -out private.pem
      sentiment serialize --sign private.pem
      sentiment serialize --sign private.pem --to s3://my-models/nsmc
      sentiment serialize --also sklearn
      sentiment serialize --unsure-below 0.8
      sentiment serialize 20261123T1840 --precision fp32
      sentiment serialize 20261123T1840 --engine torch --precision bf16
    """
    wanted = chosen_precision(engine, precision)
    if wanted == "fp32":
        what = "--engine torch" if precision is None else "--precision fp32"
        refuse(["reviews_path"], f"with {what}, which has to equal the model as it is")
    if reviews_path is None:
        refuse(LABELLED, "without --reviews")
    store = destination or artifacts
    if also:
        local_folder(store, "--also")
    from pipeline.artifacts.bucket.publishing import publishing
    from pipeline.reviews.labelled import read_reviews
    from pipeline.workflows.sealing import Form, serialize

    settings = labelled_settings(reading, reviews_path)
    reviews = read_reviews(reviews_path, settings, say) if reviews_path else None
    is_asked = any(map(was_given, ("engine", "precision", "reviews_path")))
    form = Form(engine, wanted, reviews) if is_asked else None
    with publishing(store) as folder:
        digest = serialize(artifacts, run, folder, key, form, also is not None, unsure_below)
    if also:
        from pipeline.workflows.interchange import write_sklearn

        click.echo(f"As a scikit-learn pipeline: {write_sklearn(folder, digest)}", err=True)
    click.echo(digest)
