"""Two models on the same reviews, and what lists and cards say of them."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.runs import find_run
from pipeline.artifacts.verification import CARD, load_artifact
from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing
from pipeline.models.base import Model
from pipeline.quality.mcnemar import mcnemar
from pipeline.reviews.labelled import Reviews
from pipeline.workflows.candidates import find_candidate
from pipeline.workflows.comparing import compare, compare_candidates
from pipeline.workflows.sealing import serialize
from tests.support.command import run

REVIEWS = Reviews(["정말 재밌게 잘봤습니다!", "돈 아깝다", "최고", "지루하다"], [1, 0, 1, 0], "")


class Contrary(Model):
    """A model with its answers to positive reviews turned round."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def probabilities(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        found = self.model.probabilities(cleaned)
        turned = found[:, 1] > 0.5
        found[turned] = found[turned][:, ::-1]
        return found


def test_mcnemar_is_exact() -> None:
    first = np.array([True] * 9 + [False] * 11)
    second = np.array([False] * 8 + [True] * 2 + [False] * 10)
    found = mcnemar(first, second)
    # 8 against 1 of 9 fair coins, two-sided: 2 × (C(9,0) + C(9,1)) / 2^9.
    assert (found.only_first, found.only_second) == (8, 1)
    assert found.p == pytest.approx(20 / 512)
    assert mcnemar(first, first).p == 1.0


def test_changed_reviews_and_counts_agree(sample_root: Path) -> None:
    own = find_candidate(sample_root, "fast")
    other = replace(own, name="contrary", model=Contrary(own.model), size=1)
    found = compare_candidates(REVIEWS, (own, other))
    assert found.changed
    assert found.test.only_first + found.test.only_second == len(found.changed)
    assert all(one.first == "positive" and one.second == "negative" for one in found.changed)
    surest = [change.first_confidence for change in found.changed]
    assert surest == sorted(surest, reverse=True)
    assert json.loads(json.dumps(found.record()))["models"][1]["bytes"] == 1


def test_a_model_is_found_by_slot_digest_and_run(sample_root: Path) -> None:
    digest = current_artifact(sample_root, "fast").name
    sealed = find_candidate(sample_root, digest[:9])
    assert sealed.name == find_candidate(sample_root, "fast").name == f"fast@{digest[:12]}"
    name = find_run(sample_root).name
    of_run, cleaned = find_candidate(sample_root, name[:-1]), ["재밌다", "별로"]
    assert np.array_equal(of_run.model.probabilities(cleaned), sealed.model.probabilities(cleaned))


def test_no_model_and_the_same_twice_are_refused(sample_root: Path) -> None:
    for called in ("nonesuch", ""):
        with pytest.raises(ModelMissing, match="sentiment runs"):
            find_candidate(sample_root, called)
    digest = current_artifact(sample_root, "fast").name
    with pytest.raises(InvalidInput, match="the same model"):
        compare(REVIEWS, sample_root, "fast", digest)


def test_a_note_is_shown_with_the_run_and_its_artifact(sample_root: Path, tmp_path: Path) -> None:
    serialize(sample_root, None, tmp_path)
    original = find_run(sample_root)
    record = (original / "run.json").read_bytes()
    (tmp_path / "runs" / original.name).mkdir(parents=True)
    (tmp_path / "runs" / original.name / "run.json").write_bytes(record)
    run("runs", "note", original.name[:10], "작년 리뷰 제외", "--artifacts", tmp_path)
    for command in ("runs", "artifacts"):
        listed = run(command, "list", "--artifacts", tmp_path).stdout.decode()
        assert "작년 리뷰 제외" in listed
        assert "fast@" in listed
    run("runs", "note", original.name, "", "--artifacts", tmp_path)
    assert json.loads(record) == run("runs", "show", "--artifacts", tmp_path).rows[0]


def test_the_card_is_sealed_and_says_what_the_manifest_says(
    sample_root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "fast" / serialize(sample_root, None, tmp_path)
    manifest = load_artifact(folder).manifest
    card = (folder / CARD).read_text("utf-8")
    assert f"{manifest.metrics['test']['accuracy']:.2%}" in card
    assert manifest.data["train"]["sha256"] in card
    shown = run("artifacts", "show", "fast", "--card", "--artifacts", tmp_path)
    assert shown.stdout.decode() == card
    (folder / CARD).write_text(card.replace("film", "shop"), "utf-8")
    with pytest.raises(ArtifactRefused, match=CARD):
        load_artifact(folder)


def test_an_artifact_is_shown_by_slot_and_by_the_beginning_of_its_digest(
    sample_root: Path,
) -> None:
    digest = current_artifact(sample_root, "fast").name
    for called in ("fast", digest[:5]):
        (shown,) = run("artifacts", "show", called, "--artifacts", sample_root).rows
        assert shown["digest"] == digest


def test_what_is_not_defined_is_null_in_json(sample_root: Path, tmp_path: Path) -> None:
    """ROC AUC is not, where only one label occurs."""
    (tmp_path / "one.tsv").write_text("document\tlabel\n좋다\t1\n굿\t1\n", "utf-8")
    serialize(sample_root, None, tmp_path, unsure_below=0.6)
    run_id = find_run(sample_root).name
    shutil.copytree(sample_root / "runs" / run_id, tmp_path / "runs" / run_id)
    options = ["--artifacts", tmp_path, "--data", tmp_path / "one.tsv", "--json"]
    (found,) = run("compare", "fast", run_id, *options).rows
    assert [model["roc_auc"] for model in found["models"]] == [None, None]
