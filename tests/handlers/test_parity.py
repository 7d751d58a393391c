"""The same text, the same answer, at every door: over all 50,000 test reviews of NSMC."""

import json
import urllib.request
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run, load_run
from pipeline.artifacts.verification import parameters_in
from pipeline.handlers.base import Handler, Prediction, to_predictions
from pipeline.handlers.loading import load_current
from pipeline.models.linear import LinearModel
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import TEST
from pipeline.text.cleaning import clean
from tests.support.paths import Invoke
from tests.support.served import served

LARGEST_DIFFERENCE = 1e-9
TEXTS_A_REQUEST = 1000


@pytest.fixture(scope="module")
def texts(nsmc: Path) -> list[str]:
    return read_reviews(nsmc / TEST.name).texts


@pytest.fixture(scope="module")
def nsmc_handler(nsmc_root: Path) -> Handler:
    return load_current(nsmc_root, "fast")


@pytest.fixture(scope="module")
def expected(nsmc_handler: Handler, texts: list[str]) -> list[Prediction]:
    """What `handle` says of all texts in one batch."""
    return nsmc_handler.handle(texts)


def same(answers: list[tuple[str, float]], expected: list[Prediction]) -> bool:
    assert len(answers) == len(expected)
    return all(
        label == prediction.label and abs(confidence - prediction.confidence) <= LARGEST_DIFFERENCE
        for (label, confidence), prediction in zip(answers, expected, strict=True)
    )


def test_accuracy_on_the_official_test(nsmc_root: Path) -> None:
    run, _ = load_run(find_run(nsmc_root))
    assert run.metrics["test"]["reviews"] == TEST.rows
    assert run.metrics["test"]["accuracy"] >= 0.873


def test_training_scores(nsmc_root: Path, texts: list[str], expected: list[Prediction]) -> None:
    run, files = load_run(find_run(nsmc_root))
    model = LinearModel.from_parts(parameters_in(files), run.settings)
    trained = to_predictions(texts, model.probabilities([clean(text) for text in texts]))
    assert same([(p.label, p.confidence) for p in trained], expected)


def test_one_by_one(nsmc_handler: Handler, texts: list[str], expected: list[Prediction]) -> None:
    alone = [nsmc_handler.handle([text])[0] for text in texts]
    assert same([(p.label, p.confidence) for p in alone], expected)


def test_predict_on_the_file(
    invoke: Invoke, nsmc: Path, nsmc_root: Path, tmp_path: Path, expected: list[Prediction]
) -> None:
    given, scored = tmp_path / "test.tsv", tmp_path / "scored.jsonl"
    given.symlink_to(nsmc / TEST.name)
    result = invoke("predict", "--fast", given, "-o", scored, "--artifacts", nsmc_root)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in scored.read_bytes().split(b"\n")[:-1]]
    assert same([(row["predicted_label"], row["confidence"]) for row in rows], expected)


def test_over_http(nsmc_root: Path, texts: list[str], expected: list[Prediction]) -> None:
    """The API refuses empty texts, of which the corpus has three; all others are asked."""
    asked = [(text, prediction) for text, prediction in zip(texts, expected, strict=True) if text]
    answers: list[tuple[str, float]] = []
    with served(nsmc_root, "--workers", "2") as running:
        for start in range(0, len(asked), TEXTS_A_REQUEST):
            batch = [text for text, _ in asked[start : start + TEXTS_A_REQUEST]]
            body = json.dumps({"text": batch, "do_fast": True}).encode()
            with urllib.request.urlopen(f"{running.url}/predict", body) as response:
                answers += [(a["label"], a["confidence"]) for a in json.load(response).values()]
    assert same(answers, [prediction for _, prediction in asked])
