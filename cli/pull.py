"""`sentiment pull`."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from cli.options import (
    artifacts_option,
    chosen_precision,
    engine_option,
    precision_option,
    refuse,
    refuse_revision_of_folder,
)
from cli.read_options import LABELLED, labelled_options, labelled_settings, say


@click.command("pull")
@click.argument("model", metavar="[REPO|DIR]", default="monologg/koelectra-base-finetuned-nsmc")
@click.option(
    "--revision",
    metavar="REV",
    help="Commit, branch or tag of the model; left out: the main branch.",
)
@click.option(
    "--labels",
    metavar="FIRST,SECOND",
    help="Meaning of the outputs, if their names do not say: negative,positive or the reverse.",
)
@click.option(
    "--reviews",
    "reviews_path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Labelled file to calibrate the model on, best one that it was not trained on.",
)
@click.option(
    "--blend/--no-blend",
    default=None,
    help="With --reviews: add the n-grams of the current fast model, or leave them out; neither "
    "given: add them where the held-out half of the reviews says that it helps.",
)
@partial(labelled_options, labels="--review-labels")
@engine_option
@precision_option
@artifacts_option
def command(
    model: str,
    revision: str | None,
    labels: str | None,
    reviews_path: Path | None,
    blend: bool | None,
    engine: str,
    precision: str | None,
    artifacts: Path,
    **reading: Any,
) -> None:
    """Get a fine-tuned classifier and seal it as the deep model.

    The classifier comes from a hub (REPO) or a folder (DIR). A branch or tag is resolved to its
    commit, which is recorded with the sha256 of each file. No code of a model is run, and no pickle
    is loaded. A model is refused where weights are missing or its tokenizer does not fit it. While
    the hub is away, the cache is used. HF_TOKEN, HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE,
    HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT are honoured. A link in DIR may lead to a file
    within it, or from a snapshot of the hub's cache to its blobs.

    With --reviews, one half of these calibrates and the other one measures. The n-grams of the
    current fast model, or of the built-in one, are blended in where they help: no review may be
    among those that it was trained on. Pulling needs the extra [deep];
    serving what was pulled needs [onnx] alone.

    \b
    Examples:
      sentiment pull
      sentiment pull monologg/koelectra-small-finetuned-nsmc --revision main
      sentiment pull my-model/ --labels negative,positive --reviews held-out.tsv
    """
    refuse_revision_of_folder(model)
    wanted = chosen_precision(engine, precision)
    if reviews_path is None:
        refuse([*LABELLED, "blend"], "without --reviews")
    labelled = labelled_settings(reading, reviews_path)
    from pipeline.reviews.labelled import read_reviews
    from pipeline.workflows.pulling import pull
    from pipeline.workflows.sealing import Form

    names = tuple(labels.split(",")) if labels else ()
    reviews = read_reviews(reviews_path, labelled, say) if reviews_path else None
    form = Form(engine, wanted)
    click.echo(pull(model, artifacts, revision, form, names, reviews, blend, say))
