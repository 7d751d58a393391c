"""Getting a fine-tuned classifier from a hub or a folder and sealing it for the slot `deep`."""

import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.artifacts.runs import Run, save_run
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.files.reading import ignore
from pipeline.handlers.trial import TORCH_TRIALS
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.models.blending import ngram_files
from pipeline.models.transformer.hub import get_model
from pipeline.models.transformer.libraries import LIBRARIES, needs_extra
from pipeline.models.transformer.model import TransformerModel
from pipeline.models.transformer.pretrained import read_config
from pipeline.models.transformer.reaching import shown
from pipeline.reviews.labelled import Reviews, Tell
from pipeline.text.cleaning import CLEANING_VERSION
from pipeline.workflows.converting import convert
from pipeline.workflows.measuring import Measured, calibrate_and_measure
from pipeline.workflows.sealing import Form, serialize

if TYPE_CHECKING:
    from pipeline.handlers.fast import LinearHandler

NAMES = {
    NEGATIVE: ("negative", "label_0", "0", "부정"),
    POSITIVE: ("positive", "label_1", "1", "긍정"),
}

MOST_LABELS = 100
"""Outputs that are counted; a model of two is needed."""


@needs_extra("deep", *LIBRARIES)
def pull(
    name: str,
    root: Path,
    revision: str | None = None,
    form: Form | None = None,
    labels: tuple[str, ...] = (),
    reviews: Reviews | None = None,
    blend: bool | None = None,
    tell: Tell = ignore,
) -> str:
    """Get a classifier, seal it into an artifact under `root`, make it current; return its digest.

    `labels`: what its outputs mean, in their order, if their names do not say so. `reviews`:
    labelled reviews to calibrate and to measure on. `blend`: with them, add the n-grams of the fast
    model under `root` (True), leave them out (False), or add them where that helps (None); what is
    done is told. Raises what `get_model` raises, ArtifactRefused for a model that is not safe to
    load or not whole (`checking`), InvalidInput for one with other labels, or that does no better
    than chance on the reviews, or for n-grams that learned from them; what loading those raises.
    """
    started = time.perf_counter()
    TORCH_TRIALS.start()  # its libraries load while the model is fetched
    ngrams = _ngrams(root, reviews, blend, tell)
    download = get_model(name, revision)
    settings, files = convert(download, positive_output(read_config(download.folder), labels))
    model = TransformerModel.from_files(files, settings.to_record())
    measured = Measured(model)
    if reviews is not None:
        measured = calibrate_and_measure(model, reviews)
    if ngrams is not None:
        from pipeline.workflows.adding_ngrams import add_ngrams

        measured = add_ngrams(measured, ngrams, blend is True, tell)
    run = Run.describe(
        slot="deep",
        cleaning_version=CLEANING_VERSION,
        settings=measured.model.to_record(),
        data={"hub": download.record(), **measured.data},
        metrics=measured.metrics,
        profile=measured.profile,
        versions={library: version(library) for library in LIBRARIES},
        seconds=round(time.perf_counter() - started, 1),
    )
    save_run(root, run, {**files, **ngram_files(measured.model)})
    form = form or Form()
    return serialize(root, run.id, root, form=Form(form.engine, form.precision, measured.reviews))


def _ngrams(
    root: Path, reviews: Reviews | None, blend: bool | None, tell: Tell
) -> "LinearHandler | None":
    """The fast model to blend with, found before anything is fetched; None to leave it out."""
    if reviews is None or blend is False:
        return None
    from pipeline.workflows.adding_ngrams import find_ngrams  # scikit-learn takes a second

    return find_ngrams(root, reviews, blend is True, tell)


def positive_output(config: Mapping[str, Any], labels: tuple[str, ...] = ()) -> int:
    """Index of the output that stands for positive; InvalidInput where the names do not say it."""
    given = labels or tuple(_label_names(config))
    names = shown(", ".join(given))
    if len(given) != 2:
        raise InvalidInput(
            f"The model has {len(given)} labels ({names}); a model of two is needed."
        )
    order = [
        kind for name in given for kind, known in NAMES.items() if name.strip().lower() in known
    ]
    if sorted(order) != [NEGATIVE, POSITIVE]:
        raise InvalidInput(
            f"The labels {names} do not say what they mean. Say it, in their order: "
            "--labels negative,positive or --labels positive,negative."
        )
    return order.index(POSITIVE)


def _label_names(config: Mapping[str, Any]) -> list[str]:
    """Names of the outputs in their order; without any, the names that transformers gives them."""
    named = config.get("id2label")
    try:
        if named:
            return [str(named[number]) for number in sorted(named, key=int)]
        count = int(config.get("num_labels") or 2)
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError):
        raise ArtifactRefused(
            "The model's config.json is damaged: its id2label or num_labels name no outputs."
        ) from None
    return [f"LABEL_{number}" for number in range(min(count, MOST_LABELS))]
