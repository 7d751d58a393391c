"""All of `train`: read, clean, fit, measure on the test reviews, save a run."""

import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.runs import Run, save_run
from pipeline.artifacts.verification import pack_parameters
from pipeline.files.reading import ignore
from pipeline.models.feature_settings import SYLLABLE
from pipeline.quality.metrics import measure
from pipeline.quality.profile import reference_profile
from pipeline.reviews.labelled import AS_FOUND, LabelledSettings, Reviews, Tell, read_reviews
from pipeline.reviews.nsmc import find_split
from pipeline.reviews.splitting import split_rows
from pipeline.text.analyzer_packages import analyzer_versions
from pipeline.text.cleaning import CLEANING_VERSION, clean_all
from pipeline.training.fitting import LinearSettings, check_enough, fit_linear
from pipeline.training.teaching import Lesson

LIBRARIES = ("joblib", "numpy", "scikit-learn", "scipy")
TEST_SHARE = 0.2
"""Share of the reviews set aside for testing where the data has no test file of its own."""


def train(
    data: Path,
    root: Path,
    settings: LinearSettings,
    reading: LabelledSettings = AS_FOUND,
    test: Path | None = None,
    tell: Tell = ignore,
    lesson: Lesson | None = None,
) -> Run:
    """Train the fast model on a folder with NSMC or on one labelled file; save a run under `root`.

    `lesson`: reviews without labels to learn from besides, and who judges them.
    Raises InvalidInput where the data cannot be trained on.
    """
    started = time.perf_counter()
    train_reviews, test_reviews, facts = read_split(data, settings.seed, reading, test, tell)
    cleaned, cleaned_test = clean_all(train_reviews.texts), clean_all(test_reviews.texts)
    check_enough(cleaned, train_reviews.labels)  # before reviews are judged, which may take long
    taught = lesson.give(root, {*cleaned, *cleaned_test}, tell) if lesson is not None else None
    fitted = fit_linear(cleaned, train_reviews.labels, settings, taught)
    model, training = fitted.model, {**asdict(settings), **fitted.chosen}
    positive = model.probabilities(cleaned_test)[:, 1]
    if taught is not None:
        facts["unlabelled"] = taught.record
    run = Run.describe(
        slot="fast",
        cleaning_version=CLEANING_VERSION,
        settings={**model.settings(), "training": training},
        data=facts,
        metrics={
            "held_out": asdict(fitted.held_out),
            "test": asdict(measure(np.array(test_reviews.labels), positive)),
        },
        profile=reference_profile(cleaned_test, positive, model.coverage(cleaned_test)),
        versions={**{name: version(name) for name in LIBRARIES}, **_analyzer(settings)},
        seconds=round(time.perf_counter() - started, 1),
    )
    save_run(root, run, pack_parameters(model.parameters()))
    return run


def _analyzer(settings: LinearSettings) -> dict[str, str]:
    """Versions of what finds the morphemes; none without an analyzer."""
    name = settings.features.tokenizer
    return {} if name == SYLLABLE else analyzer_versions(name)


def read_split(
    data: Path,
    seed: int,
    reading: LabelledSettings = AS_FOUND,
    test: Path | None = None,
    tell: Tell = ignore,
) -> tuple[Reviews, Reviews, dict[str, Any]]:
    """Return (reviews to train on, reviews to test on, what the run records of them).

    Raises InvalidInput where the data cannot be read.
    """
    train_path, test_path = find_split(data, test)
    reviews = read_reviews(train_path, reading, tell)
    facts = {"train": _facts(train_path, reviews)}
    if test_path is not None:
        others = read_reviews(test_path, reading, tell)
        return reviews, others, {**facts, "test": _facts(test_path, others)}
    kept, aside = split_rows(reviews.texts, TEST_SHARE, seed)
    return reviews.take(kept), reviews.take(aside), {**facts, "rows_set_aside": aside.size}


def _facts(path: Path, reviews: Reviews) -> dict[str, Any]:
    facts = {"name": path.name, "sha256": reviews.sha256, "rows": len(reviews)}
    return facts | ({"left_out": dict(reviews.left_out)} if reviews.left_out else {})
