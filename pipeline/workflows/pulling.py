"""Getting a fine-tuned classifier from a hub or a folder and sealing it for the slot `deep`."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.runs import Run, save_run
from pipeline.artifacts.verification import CONFIG, TOKENIZER, WEIGHTS
from pipeline.errors import InvalidInput
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.models.transformer.hub import get_model
from pipeline.models.transformer.model import TransformerModel, TransformerSettings
from pipeline.models.transformer.pretrained import (
    in_safetensors,
    load_classifier,
    read_config,
    read_tokenizer,
)
from pipeline.models.transformer.torch_engine import module_files
from pipeline.quality.metrics import measure
from pipeline.quality.profile import reference_profile
from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import CLEANING_VERSION, clean_all
from pipeline.workflows.sealing import Form, serialize

LIBRARIES = ("safetensors", "tokenizers", "torch", "transformers")
NAMES = {
    NEGATIVE: ("negative", "label_0", "0", "부정"),
    POSITIVE: ("positive", "label_1", "1", "긍정"),
}
ROWS = 4000
"""Most labelled reviews used: one half calibrates, the other measures and compares."""


def pull(
    name: str,
    root: Path,
    revision: str | None = None,
    form: Form | None = None,
    labels: tuple[str, ...] = (),
    reviews: Reviews | None = None,
) -> str:
    """Get a classifier, seal it into an artifact under `root`, make it current; return its digest.

    `labels`: what its outputs mean, in their order, if their names do not say so. `reviews`:
    labelled reviews to calibrate and to measure on. Raises what `get_model` raises, ArtifactRefused
    for a model that is not safe to load, InvalidInput for one with other labels.
    """
    started = time.perf_counter()
    download = get_model(name, revision)
    config = read_config(download.folder)
    settings = TransformerSettings(positive=positive_output(config, labels))
    with in_safetensors(download) as folder:
        module, tokenizer = load_classifier(folder), read_tokenizer(folder)
    files = dict(zip((CONFIG, WEIGHTS), module_files(module), strict=True)) | {TOKENIZER: tokenizer}
    model = TransformerModel.from_files(files, settings.to_record())
    metrics: dict[str, Any] = {}
    profile: dict[str, Any] = {}
    measuring = None
    if reviews is not None:
        model, metrics, profile, measuring = _with_reviews(model, reviews)
    run = Run.describe(
        slot="deep",
        cleaning_version=CLEANING_VERSION,
        settings=model.settings.to_record(),
        data={"hub": download.record()},
        metrics=metrics,
        profile=profile,
        versions={library: version(library) for library in LIBRARIES},
        seconds=round(time.perf_counter() - started, 1),
    )
    save_run(root, run, files)
    form = form or Form()
    return serialize(root, run.id, root, form=Form(form.engine, form.precision, measuring))


def positive_output(config: Mapping[str, Any], labels: tuple[str, ...] = ()) -> int:
    """Index of the output that stands for positive; InvalidInput where the names do not say it."""
    given = labels or tuple(_label_names(config))
    if len(given) != 2:
        raise InvalidInput(
            f"The model has {len(given)} labels ({', '.join(given)}); a model of two is needed."
        )
    order = [
        kind for name in given for kind, names in NAMES.items() if name.strip().lower() in names
    ]
    if sorted(order) != [NEGATIVE, POSITIVE]:
        raise InvalidInput(
            f"The labels {', '.join(given)} do not say what they mean. Say it, in their order: "
            "--labels negative,positive or --labels positive,negative."
        )
    return order.index(POSITIVE)


def _label_names(config: Mapping[str, Any]) -> list[str]:
    """Names of the outputs in their order; without any, the names that transformers gives them."""
    named = config.get("id2label")
    if not named:
        return [f"LABEL_{number}" for number in range(int(config.get("num_labels") or 2))]
    return [str(named[number]) for number in sorted(named, key=int)]


def _with_reviews(
    model: TransformerModel, reviews: Reviews
) -> tuple[TransformerModel, dict[str, Any], dict[str, Any], Reviews]:
    """Calibrate on one half of the reviews, measure on the other.

    Returns the calibrated model, and figures, profile and reviews of the second half.
    """
    from pipeline.training.calibration import fit_calibration

    rows = np.random.default_rng(0).permutation(len(reviews))[:ROWS]
    half = rows.size // 2
    calibrating, measuring = reviews.take(rows[:half]), reviews.take(rows[half:])
    logits = model.logits(clean_all(calibrating.texts))
    found = fit_calibration(logits, np.array(calibrating.labels))
    model = model.calibrated(found.slope, found.offset, found.tail)
    cleaned = clean_all(measuring.texts)
    positive = model.probabilities(cleaned)[:, 1]
    metrics = {"held_out": asdict(measure(np.array(measuring.labels), positive))}
    return (
        model,
        metrics,
        reference_profile(cleaned, positive, model.coverage(cleaned)),
        measuring,
    )
