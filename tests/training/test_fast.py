from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.runs import find_run, load_run
from pipeline.artifacts.verification import parameters_in
from pipeline.errors import InvalidInput, ModelMissing
from pipeline.models.linear import LinearModel, quantize
from pipeline.quality.metrics import calibration_error, measure
from pipeline.reviews.splitting import split_rows
from pipeline.training.calibration import fit_calibration
from pipeline.training.fast import train
from pipeline.training.fitting import LinearSettings
from tests.support.paths import SAMPLE


def test_the_sample_can_be_learned(sample_root: Path) -> None:
    run, _ = load_run(find_run(sample_root))
    assert run.metrics["test"]["reviews"] == run.data["rows_set_aside"]
    assert run.metrics["test"]["accuracy"] > 0.7


def test_training_is_deterministic_under_a_seed(sample_root: Path, tmp_path: Path) -> None:
    again = train(SAMPLE, tmp_path, LinearSettings())
    other = train(SAMPLE, tmp_path, LinearSettings(seed=1))
    _, expected = load_run(find_run(sample_root))
    _, same = load_run(find_run(tmp_path, again.id))
    _, different = load_run(find_run(tmp_path, other.id))
    assert same == expected
    assert different != expected


def test_runs_are_found_by_their_beginning(sample_root: Path) -> None:
    run = find_run(sample_root)
    assert find_run(sample_root, run.name[:-2]) == run
    with pytest.raises(ModelMissing, match="nosuch"):
        find_run(sample_root, "nosuch")


@pytest.mark.parametrize("labels", [[0] * 50, [0, 1] * 5])
def test_too_little_to_learn_from_is_told(tmp_path: Path, labels: list[int]) -> None:
    path = tmp_path / "reviews.tsv"
    rows = [f"리뷰 {number}\t{label}\n" for number, label in enumerate(labels)]
    path.write_text("document\tlabel\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(InvalidInput, match="not enough"):
        train(path, tmp_path, LinearSettings())
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("texts", [["재밌다", "별로"], ["재밌다", "별로", "그냥"]])
def test_too_few_different_texts_are_told(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "reviews.tsv"
    rows = [f"{text}\t{number % 2}\n" for number, text in enumerate(texts)]
    path.write_text("document\tlabel\n" + "".join(rows * 60), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"one label|not enough"):
        train(path, tmp_path, LinearSettings())


def test_equal_texts_are_set_aside_together() -> None:
    texts = [f"text {n % 40}" for n in range(400)]
    kept, aside = split_rows(texts, 0.25, seed=3)
    assert sorted([*kept, *aside]) == list(range(400))
    assert not {texts[row] for row in kept} & {texts[row] for row in aside}
    assert len(aside) == 100


def test_quantized_weights_are_near() -> None:
    weights = np.random.default_rng(0).normal(size=1000)
    steps, scale = quantize(weights)
    assert steps.dtype == np.int8
    np.testing.assert_allclose(steps * scale, weights, atol=scale / 2)


@pytest.mark.parametrize("tail", [1.0, 4.0, 1000.0])
def test_calibration_undoes_a_known_distortion(tail: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(scale=3, size=50_000)
    log_odds = tail * np.arcsinh(logits / tail)
    labels = (random.random(50_000) < 1 / (1 + np.exp(-log_odds))).astype(np.intp)
    calibration = fit_calibration((logits - 1) * 3, labels)
    restored = calibration.slope * (logits - 1) * 3 + calibration.offset
    restored = calibration.tail * np.arcsinh(restored / calibration.tail)
    np.testing.assert_allclose(restored, log_odds, atol=0.25)


def test_calibration_refuses_logits_that_mislead() -> None:
    with pytest.raises(InvalidInput, match="chance"):
        fit_calibration(np.linspace(-1, 1, 100), (np.arange(100) < 50).astype(np.intp))


def test_calibration_refuses_a_single_label() -> None:
    with pytest.raises(InvalidInput, match="one label"):
        fit_calibration(np.linspace(-1, 1, 100), np.ones(100, dtype=np.intp))


def test_calibration_error_of_the_sure_and_half_right() -> None:
    correct = np.arange(3000) % 2 == 0
    assert calibration_error(correct, np.ones(3000)) == pytest.approx(0.5)
    assert calibration_error(correct, np.full(3000, 0.5)) == pytest.approx(0.0)


def test_figures_of_known_answers() -> None:
    metrics = measure(np.array([0, 0, 1, 1, 1]), np.array([0.1, 0.6, 0.9, 0.8, 0.2]))
    assert metrics.confusion == ((1, 1), (1, 2))
    assert metrics.accuracy == pytest.approx(3 / 5)
    assert metrics.f1 == pytest.approx(2 / 3)
    assert metrics.roc_auc == pytest.approx(5 / 6)


def test_training_scores_are_those_of_the_model(sample_root: Path) -> None:
    run, files = load_run(find_run(sample_root))
    model = LinearModel.from_parts(parameters_in(files), run.settings)
    assert model.probabilities(["최고"]).shape == (1, 2)
