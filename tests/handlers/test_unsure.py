"""Answers that are held back where the model is not sure enough, the same at every door."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from pipeline.errors import ArtifactRefused
from pipeline.handlers.base import Prediction
from pipeline.handlers.loading import load_current
from pipeline.handlers.unsure import Held, held_labels, hold_back, sealed_threshold
from pipeline.quality.coverage import Coverage, coverage, coverage_at
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.settings import ServerSettings
from pipeline.workflows.sealing import serialize
from tests.support.command import run
from tests.support.http_requests import post

TEXTS = ["정말 재밌게 잘봤습니다!", "그냥 그래요"]


@pytest.fixture(scope="module")
def sealed(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A store whose artifact holds back the less sure of the two texts, and its threshold."""
    answers = load_current(sample_root, "fast").handle(TEXTS)
    threshold = sum(answer.confidence for answer in answers) / 2
    root = tmp_path_factory.mktemp("sealed")
    serialize(sample_root, None, root, unsure_below=threshold)
    return root, threshold


def held(root: Path, threshold: float) -> list[dict[str, object]]:
    predictions = load_current(root, "fast").handle(TEXTS)
    return [answer._asdict() for answer in hold_back(predictions, threshold)]


def test_what_is_under_the_threshold_is_unsure_and_keeps_its_likelier_label() -> None:
    predictions = [Prediction("가", "positive", 0.8), Prediction("나", "negative", 0.79)]
    assert hold_back(predictions, 0.8) == [
        Held("가", "positive", 0.8, "positive"),
        Held("나", "unsure", 0.79, "negative"),
    ]
    labels = np.array(["positive", "negative"], dtype=object)
    assert held_labels(labels, np.array([0.8, 0.79]), 0.8).tolist() == ["positive", "unsure"]


@pytest.mark.parametrize("threshold", [0.4, 1.5, float("nan"), 1, "0.8", None, True])
def test_a_threshold_that_was_not_sealed_by_us_is_refused(threshold: object) -> None:
    with pytest.raises(ArtifactRefused, match="unsure_below"):
        sealed_threshold({"unsure_below": threshold})


def test_the_handler_itself_labels_every_text(sealed: tuple[Path, float]) -> None:
    labels = {answer.label for answer in load_current(sealed[0], "fast").handle(TEXTS)}
    assert "unsure" not in labels


def test_text_and_files_are_held_back_as_sealed(sealed: tuple[Path, float], tmp_path: Path) -> None:
    root, threshold = sealed
    expected = held(root, threshold)
    assert [answer["label"] == "unsure" for answer in expected].count(True) == 1
    texts = [argument for text in TEXTS for argument in ("--text", text)]
    printed = run("predict", "--fast", "--artifacts", root, *texts)
    assert printed.rows == expected

    (tmp_path / "in.txt").write_text("\n".join(TEXTS))
    scored = run("predict", "--fast", "--artifacts", root, tmp_path / "in.txt")
    names = {
        "predicted_label": "label",
        "confidence": "confidence",
        "likelier_label": "likelier_label",
    }
    assert [{ours: row[theirs] for theirs, ours in names.items()} for row in scored.rows] == [
        {name: answer[name] for name in names.values()} for answer in expected
    ]
    assert "50.0% unsure" in scored.stderr


def test_a_threshold_of_one_half_turns_what_is_sealed_off(sealed: tuple[Path, float]) -> None:
    given = ["--unsure-below", "0.5", "--text", TEXTS[0], "--text", TEXTS[1]]
    printed = run("predict", "--fast", "--artifacts", sealed[0], *given)
    assert {tuple(row) for row in printed.rows} == {("text", "label", "confidence")}
    assert b"unsure" not in printed.stdout


@pytest.fixture(scope="module")
def client(sealed: tuple[Path, float]) -> FlaskClient:
    models = Models({"fast": load_current(sealed[0], "fast")})
    return create_app(models, replace(ServerSettings(), sagemaker=True)).test_client()


def test_every_door_of_the_server_holds_back_as_sealed(
    sealed: tuple[Path, float], client: FlaskClient
) -> None:
    expected = held(*sealed)
    body = {"text": TEXTS, "do_fast": True}
    assert list(post(client, body).json.values()) == expected
    lines = post(client, body, headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert list(client.post("/invocations", json=body).json.values()) == expected
    rows = client.post(
        "/invocations", data="\n".join(TEXTS), headers={"Content-Type": "text/csv"}
    ).text.splitlines()
    assert rows == [
        f"{one['label']},{one['confidence']!r},{one['likelier_label']}" for one in expected
    ]
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": TEXTS}
    wanted = [{"name": name} for name in ("label", "likelier_label")]
    outputs = client.post(
        "/v2/models/fast/infer", json={"inputs": [tensor], "outputs": wanted}
    ).json["outputs"]
    assert [output["data"] for output in outputs] == [
        [one["label"] for one in expected],
        [one["likelier_label"] for one in expected],
    ]


def test_a_request_may_ask_for_another_threshold(client: FlaskClient) -> None:
    off = post(client, {"text": TEXTS, "do_fast": True, "unsure_below": 0.5}).json
    assert not any("likelier_label" in answer for answer in off.values())
    most = post(client, {"text": TEXTS, "do_fast": True, "unsure_below": 1}).json
    assert {answer["label"] for answer in most.values()} == {"unsure"}
    refused = post(client, {"text": TEXTS, "unsure_below": 0.4})
    assert (refused.status_code, refused.json["error"]["field"]) == (422, "unsure_below")


def test_coverage_is_that_of_a_count() -> None:
    labels, positive = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.7, 0.9])
    assert coverage(labels, positive, 0.65) == Coverage(0.65, 0.75, 1.0)
    assert coverage_at(labels, positive, 1.0) == Coverage(0.7, 0.75, 1.0)
    assert coverage_at(labels, 1 - positive, 0.95) is None
    assert np.isnan(coverage(labels, positive, 0.95).accuracy)


def test_equally_sure_answers_stay_or_go_together() -> None:
    labels, positive = np.array([1, 1, 1, 0]), np.array([0.9, 0.8, 0.8, 0.8])
    found = coverage_at(labels, positive, 0.9)
    assert found is not None
    assert (found.threshold, found.share) == (0.9, 0.25)
