"""All of `train --deep`: read, clean, fine-tune, blend, calibrate, measure, save a run."""

import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.artifacts.runs import Run, save_run
from pipeline.artifacts.verification import CONFIG, TOKENIZER, WEIGHTS
from pipeline.errors import InvalidInput
from pipeline.files.reading import ignore
from pipeline.models.blending import BlendedModel, DeepModel, ngram_files
from pipeline.models.hardware import ALL, Hardware
from pipeline.models.transformer.checking import check_tokenizer
from pipeline.models.transformer.devices import describe, find_device
from pipeline.models.transformer.hub import Download
from pipeline.models.transformer.libraries import LIBRARIES as ENCODER_LIBRARIES
from pipeline.models.transformer.libraries import needs_extra
from pipeline.models.transformer.model import TransformerModel
from pipeline.models.transformer.positions import longest_input
from pipeline.models.transformer.pretrained import (
    in_safetensors,
    load_encoder,
    read_config,
    read_tokenizer,
)
from pipeline.models.transformer.tokens import TextEncoder
from pipeline.models.transformer.torch_engine import module_files
from pipeline.reviews.labelled import AS_FOUND, LabelledSettings, Reviews, Tell
from pipeline.reviews.splitting import split_rows
from pipeline.text.cleaning import CLEANING_VERSION, clean_all
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.fast import read_split
from pipeline.training.finetuning import Examples, FineTuning, FineTuningSettings, Targets
from pipeline.training.fitting import SMALLEST_TRAINING, LinearSettings, fit_linear
from pipeline.training.stacking import calibrate, fit_blend, measure_parts, profile_of
from pipeline.training.teaching import Lesson, Taught

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LIBRARIES = (
    *("joblib", "numpy", "scikit-learn", "scipy"),
    *ENCODER_LIBRARIES,
)
UNFINISHED = "unfinished"
"""Folder under the root that holds the checkpoint of a training until it is finished."""


@needs_extra("deep", *ENCODER_LIBRARIES)
def train_deep(
    data: Path,
    root: Path,
    base: Download,
    settings: FineTuningSettings,
    resume: bool = False,
    blend: bool = True,
    reading: LabelledSettings = AS_FOUND,
    test: Path | None = None,
    tell: Tell = ignore,
    hardware: Hardware = ALL,
    lesson: Lesson | None = None,
) -> Run:
    """Fine-tune an encoder on labelled reviews, blend it with n-grams; save a run under `root`.

    `lesson`: reviews without labels to learn from besides, as their teachers judge them
    (self-training). The teachers judge no labelled review: of those the labels are learned.

    `resume` continues an unfinished training on the same kind of device, of which only `epochs` and
    `blend` may differ.
    Without `blend` the encoder answers alone. Raises InvalidInput where the data cannot be trained
    on, ModelMissing where there is no training to resume, ArtifactRefused for an encoder whose
    weights or tokenizer are not its own.
    """
    import torch

    started = time.perf_counter()
    train_reviews, test_reviews, facts = read_split(data, settings.seed, reading, test, tell)
    learned, held_out = _examples(train_reviews, settings)
    tested, taught = Examples.of(test_reviews), None
    if lesson is not None:
        taught = lesson.give(root, {*learned.texts, *held_out.texts, *tested.texts}, tell)
        facts["unlabelled"] = taught.record
    torch.manual_seed(settings.seed)
    device = find_device(hardware)
    module, tokenizer = _pretrained(base)
    module.to(device)  # type: ignore[arg-type]  # its decorator hides what it takes
    encoder = TextEncoder(tokenizer, min(settings.max_tokens, longest_input(module)))
    identity = _identity(settings, facts, base, device.type)
    checkpoints = Checkpoints(root / UNFINISHED / "deep.pt", identity)
    tuning = FineTuning(module, encoder, settings, checkpoints)
    targets = learned.targets(settings.label_smoothing)
    if taught is not None:
        targets += Targets(taught.texts, taught.positive)
    tuning.run(targets, held_out, resume)
    training = {**asdict(settings), "device": describe(device)}
    transformer = calibrate(tuning.model(), tokenizer, held_out)
    model: DeepModel = transformer
    if blend:
        model, record = _blended(transformer, learned, held_out, settings.seed, taught)
        training |= record
    run = Run.describe(
        slot="deep",
        cleaning_version=CLEANING_VERSION,
        settings={**model.to_record(), "training": training},
        data={**facts, "base": base.record()},
        metrics=measure_parts(model, {"held_out": held_out, "test": tested}),
        profile=profile_of(model, held_out.texts),
        versions={name: version(name) for name in LIBRARIES},
        seconds=round(time.perf_counter() - started, 1),
    )
    save_run(root, run, _files(model, module, tokenizer))
    checkpoints.remove()  # the run is on the disk: until here, a crash loses no epoch
    return run


def _pretrained(base: Download) -> "tuple[PreTrainedModel, bytes]":
    """The encoder and its tokenizer, which fit each other."""
    read_config(base.folder)
    with in_safetensors(base) as folder:
        module, tokenizer = load_encoder(folder), read_tokenizer(folder)
    check_tokenizer(tokenizer, module)
    return module, tokenizer


def _identity(
    settings: FineTuningSettings, facts: dict[str, Any], base: Download, device: str
) -> dict[str, Any]:
    """What must be the same when a training is resumed: all but the number of epochs."""
    record = asdict(settings)
    del record["epochs"]
    same = {"data": facts["train"], "base": base.record(), "device": device}
    return {"settings": record, **same, "reviews without labels": facts.get("unlabelled")}


def _examples(reviews: Reviews, settings: FineTuningSettings) -> tuple[Examples, Examples]:
    """(Rows to learn from, held-out rows): equal texts on the same side, empty ones on neither."""
    pairs = zip(clean_all(reviews.texts), reviews.labels, strict=True)
    used = [(text, label) for text, label in pairs if text]
    if len(used) < SMALLEST_TRAINING:
        raise InvalidInput(
            f"{len(used)} reviews are not enough to train on: {SMALLEST_TRAINING} are needed."
        )
    texts, labels = [text for text, _ in used], np.array([label for _, label in used], np.intp)
    kept, aside = split_rows(texts, settings.held_out, settings.seed)
    learned, held_out = (Examples([texts[r] for r in rows], labels[rows]) for rows in (kept, aside))
    return learned, held_out


def _blended(
    transformer: TransformerModel,
    learned: Examples,
    held_out: Examples,
    seed: int,
    taught: Taught | None,
) -> tuple[BlendedModel, dict[str, Any]]:
    """The transformer blended with n-grams, and a record of how the n-grams were fitted."""
    settings = LinearSettings(seed=seed)
    fitted = fit_linear(learned.texts, learned.labels.tolist(), settings, taught)
    record = {**asdict(settings), **fitted.chosen}
    return fit_blend(transformer, fitted.model, held_out), {"ngrams": record}


def _files(model: DeepModel, module: "PreTrainedModel", tokenizer: bytes) -> dict[str, bytes]:
    config, weights = module_files(module)
    return {CONFIG: config, WEIGHTS: weights, TOKENIZER: tokenizer, **ngram_files(model)}
