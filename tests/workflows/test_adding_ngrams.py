"""The n-grams of the fast model, added to a pulled classifier where labelled reviews say so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import builtin
from pipeline.artifacts.pointer import CURRENT
from pipeline.artifacts.runs import find_run, load_run, save_run
from pipeline.artifacts.verification import (
    CARD,
    PARAMETERS,
    load_artifact,
)
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_current, load_folder
from pipeline.models.blending import BlendedModel
from pipeline.models.linear import LinearModel
from pipeline.reviews.labelled import read_reviews
from pipeline.workflows.adding_ngrams import add_ngrams, find_ngrams
from pipeline.workflows.measuring import Measured, calibrate_and_measure
from pipeline.workflows.pulling import pull
from pipeline.workflows.sealing import Form, serialize
from tests.support.command import run
from tests.support.paths import SAMPLE
from tests.support.tiny_models import write_easy_reviews

pytestmark = pytest.mark.slow

pytest.importorskip("torch", reason="needs the extra [deep]")


@pytest.fixture(scope="module")
def easy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews that the small transformer knows all about, but that some have the other label."""
    path = write_easy_reviews(tmp_path_factory.mktemp("easy") / "easy.tsv")
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join((header, *some_turned(rows), "")), encoding="utf-8")
    return path


def some_turned(rows: list[str]) -> list[str]:
    """Every seventh row with the other label, so that no model is right on all."""
    return [f"{row[:-1]}{1 - int(row[-1])}" if n % 7 == 0 else row for n, row in enumerate(rows)]


@pytest.fixture(scope="module")
def mixed(easy: Path) -> Path:
    """Those and the sample, of which the built-in model knows more than the transformer."""
    known = easy.read_text(encoding="utf-8").splitlines()
    sample = read_reviews(SAMPLE)
    rows = [f"{text}\t{label}" for text, label in zip(sample.texts, sample.labels, strict=True)]
    path = easy.with_name("mixed.tsv")
    path.write_text("\n".join((*known, *some_turned(rows), "")), encoding="utf-8")
    return path


def measured_on(handler: Handler, path: Path) -> Measured:
    assert isinstance(handler.model, BlendedModel)
    return calibrate_and_measure(handler.model.transformer, read_reviews(path))


def test_a_pulled_model_is_blended_and_stands_by_itself(
    learned: Path, mixed: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    reviews = read_reviews(mixed)
    digest = pull(str(learned), tmp_path, None, Form("torch"), (), reviews, None, told.append)
    assert told[0].startswith(f"Blended with the n-grams of {builtin.NAME} (built-in): accuracy")
    artifact = load_artifact(tmp_path / "deep" / digest)
    manifest = artifact.manifest
    assert manifest.data["ngrams"]["artifact"] == builtin.DIGEST
    assert builtin.DIGEST in artifact.files[CARD].decode()
    assert set(manifest.metrics) == {"held_out", "transformer_held_out", "ngrams_held_out"}
    parts = [manifest.metrics[f"{part}held_out"]["accuracy"] for part in ("", "transformer_")]
    assert parts[0] > parts[1]
    model = load_current(tmp_path, "deep").model
    fast = load_folder(builtin.FOLDER).model
    assert isinstance(model, BlendedModel)
    assert isinstance(fast, LinearModel)
    np.testing.assert_array_equal(model.ngrams.weights, fast.weights)


def test_without_a_blend_it_is_as_it_was(learned: Path, mixed: Path, tmp_path: Path) -> None:
    told: list[str] = []
    pull(str(learned), tmp_path, None, Form("torch"), (), read_reviews(mixed), False, told.append)
    handler = load_current(tmp_path, "deep")
    assert told == []
    assert PARAMETERS not in {entry.path for entry in handler.artifact.manifest.files}
    assert set(handler.artifact.manifest.metrics) == {"held_out"}
    assert set(handler.artifact.manifest.data) == {"hub"}


def test_ngrams_that_do_not_help_are_added_only_if_wanted(
    deep_handler: Handler, easy: Path, tmp_path: Path
) -> None:
    measured, told = measured_on(deep_handler, easy), list[str]()
    ngrams = find_ngrams(tmp_path, read_reviews(easy), False, told.append)
    assert ngrams is not None
    noise = np.random.default_rng(0).permutation(ngrams.model.weights)
    ngrams.model = replace(ngrams.model, weights=noise)
    assert add_ngrams(measured, ngrams, False, told.append) == measured
    blended = add_ngrams(measured, ngrams, True, told.append)
    assert blended.blend is not None
    assert blended == add_ngrams(measured, ngrams, True, told.append)
    no_help = "help no more than chance may"
    assert [line.partition(":")[0] for line in told[:2]] == [
        f"Not blended. The n-grams of {builtin.NAME} (built-in) {no_help}",
        f"Blended with the n-grams of {builtin.NAME} (built-in), which {no_help}",
    ]


def test_the_file_that_the_fast_model_was_trained_on_is_refused(
    sample_root: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    assert find_ngrams(sample_root, read_reviews(SAMPLE), False, told.append) is None
    assert "was trained on this very file" in told[0]
    options = ("--reviews", SAMPLE, "--artifacts", sample_root)
    done = run("pull", tmp_path, "--blend", *options)  # an empty folder: refused before it is read
    assert (done.code, done.stderr.count("\n")) == (3, 3)
    assert "of which its n-grams are too sure" in done.stderr


def test_reviews_that_it_seems_to_have_learned_from_are_told(
    sample_root: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.tsv"
    copy.write_bytes(SAMPLE.read_bytes() + b"\n")
    told: list[str] = []
    assert find_ngrams(sample_root, read_reviews(copy), False, told.append) is None
    assert find_ngrams(sample_root, read_reviews(copy), True, told.append) is not None
    assert "it seems to have learned from them" in told[0]
    assert told[0] == f"Not blended. {told[1]} --blend does it all the same."


def test_a_fast_model_that_is_refused_is_told(easy: Path, tmp_path: Path) -> None:
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / CURRENT).write_text("{")
    told: list[str] = []
    assert find_ngrams(tmp_path, read_reviews(easy), False, told.append) is None
    assert f"{CURRENT} is damaged" in told[0]
    with pytest.raises(ArtifactRefused, match="is damaged"):
        find_ngrams(tmp_path, read_reviews(easy), True, told.append)


def test_a_file_that_it_learned_from_without_labels_is_refused_as_well(
    sample_root: Path, easy: Path, tmp_path: Path
) -> None:
    run_of_sample, files = load_run(find_run(sample_root))
    reviews = read_reviews(easy)
    learned = [{"name": "easy.tsv", "sha256": reviews.sha256}]
    unlabelled = {"files": learned, "texts": 1, "sha256": "0", "teachers": []}
    data = {**run_of_sample.data, "unlabelled": unlabelled}
    save_run(tmp_path, replace(run_of_sample, data=data), files)
    serialize(tmp_path, None, tmp_path)
    with pytest.raises(InvalidInput, match="this very file"):
        find_ngrams(tmp_path, reviews, True, str)
