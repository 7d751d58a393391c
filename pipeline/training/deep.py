"""`train --deep` as a whole: read, clean, fine-tune, calibrate, measure, leave a run."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts import CONFIG, TOKENIZER, WEIGHTS
from pipeline.datasets import Reviews
from pipeline.errors import InvalidInput
from pipeline.hub import Download
from pipeline.metrics import Metrics, measure
from pipeline.monitor import reference_profile
from pipeline.progress import progress_bar
from pipeline.runs import Run, save_run
from pipeline.text import CLEANING_VERSION, clean
from pipeline.training.calibration import fit_calibration
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.finetuning import Examples, FineTuning, FineTuningSettings
from pipeline.training.run import read_split
from pipeline.training.splitting import split_rows
from pipeline.transformer.loading import load_encoder, read_tokenizer
from pipeline.transformer.model import TransformerModel
from pipeline.transformer.tokens import TextEncoder
from pipeline.transformer.torch_engine import module_files

LIBRARIES = ("safetensors", "tokenizers", "torch", "transformers")
UNFINISHED = "unfinished"
"""Folder under the root where the checkpoint of a training lies until it is finished."""
SMALLEST_TRAINING = 40
_AT_A_TIME = 1024


def train_deep(
    data: Path, root: Path, base: Download, settings: FineTuningSettings, resume: bool = False
) -> Run:
    """Fine-tune an encoder on labelled reviews; leave a run under `root`.

    `resume` goes on with an unfinished training of the same options, but for `epochs`. Raises
    InvalidInput where the data cannot be trained on, ModelMissing where there is none to resume.
    """
    import torch

    started = time.perf_counter()
    train_reviews, test_reviews, facts = read_split(data, settings.seed)
    learned, held_out = _examples(train_reviews, settings)
    torch.manual_seed(settings.seed)
    module, tokenizer = load_encoder(base.folder), read_tokenizer(base.folder)
    checkpoints = Checkpoints(root / UNFINISHED / "deep.pt", _identity(settings, facts, base))
    tuning = FineTuning(module, TextEncoder(tokenizer, settings.max_tokens), settings, checkpoints)
    tuning.run(learned, held_out, resume)
    model = _calibrated(tuning.model(), tokenizer, held_out)
    config, weights = module_files(module)
    run = Run.describe(
        slot="deep",
        cleaning_version=CLEANING_VERSION,
        settings={**model.settings.to_record(), "training": asdict(settings)},
        data={**facts, "base": base.record()},
        metrics={
            "held_out": asdict(_measure(model, held_out.texts, held_out.labels)),
            "test": asdict(_measure(model, map(clean, test_reviews.texts), test_reviews.labels)),
        },
        profile=_profile(model, held_out),
        versions={name: version(name) for name in LIBRARIES},
        seconds=round(time.perf_counter() - started, 1),
    )
    save_run(root, run, {CONFIG: config, WEIGHTS: weights, TOKENIZER: tokenizer})
    checkpoints.remove()
    return run


def _identity(
    settings: FineTuningSettings, facts: dict[str, Any], base: Download
) -> dict[str, Any]:
    """What must not change between the parts of a training; where it ends may."""
    record = asdict(settings)
    del record["epochs"]
    return {"settings": record, "data": facts["train"], "base": base.record()}


def _examples(reviews: Reviews, settings: FineTuningSettings) -> tuple[Examples, Examples]:
    """(To learn from, held out): equal texts are on the same side, empty ones on neither."""
    pairs = zip(map(clean, reviews.texts), reviews.labels, strict=True)
    used = [(text, label) for text, label in pairs if text]
    if len(used) < SMALLEST_TRAINING:
        raise InvalidInput(
            f"{len(used)} reviews are not enough to train on: {SMALLEST_TRAINING} are needed."
        )
    texts, labels = [text for text, _ in used], np.array([label for _, label in used], np.intp)
    kept, aside = split_rows(texts, settings.held_out, settings.seed)
    learned, held_out = (Examples([texts[r] for r in rows], labels[rows]) for rows in (kept, aside))
    return learned, held_out


def _calibrated(raw: TransformerModel, tokenizer: bytes, held_out: Examples) -> TransformerModel:
    """As it will be served: calibrated on the held-out rows, and reading longer texts."""
    encoder = TextEncoder(tokenizer, raw.settings.max_tokens)
    model = TransformerModel(raw.settings, encoder, raw.engine)
    found = fit_calibration(model.logits(held_out.texts), held_out.labels)
    return model.calibrated(found.slope, found.offset, found.tail)


def _measure(model: TransformerModel, cleaned: Iterable[str], labels: Any) -> Metrics:
    texts = list(cleaned)
    positive = np.empty(len(texts))
    with progress_bar(len(texts), "Measuring") as bar:
        for start in range(0, len(texts), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            positive[part] = model.probabilities(texts[part])[:, 1]
            bar.update(len(texts[part]))
    return measure(np.array(labels), positive)


def _profile(model: TransformerModel, held_out: Examples) -> dict[str, Any]:
    positive = model.probabilities(held_out.texts)[:, 1]
    return reference_profile(held_out.texts, positive, model.coverage(held_out.texts))
