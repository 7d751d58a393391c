"""`sentiment train --unlabelled`, in processes of their own."""

import json
from pathlib import Path

import pytest

from pipeline.artifacts.builtin import DIGEST
from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.runs import find_run, load_run
from tests.support.command import run
from tests.support.paths import ROOT, SAMPLE

UNLABELLED = ROOT / "data" / "shop-unlabelled.txt"


@pytest.fixture(scope="session")
def taught(deep_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts folder with a fast model that a small transformer has taught, and sealed."""
    root = tmp_path_factory.mktemp("taught")
    teacher = current_artifact(deep_root, "deep")
    lesson = ("--unlabelled", UNLABELLED, "--unlabelled", SAMPLE, "--teacher", teacher)
    done = run("train", "--data", SAMPLE, *lesson, "--artifacts", root)
    assert done.code == 0, done.stderr
    assert "218 reviews to judge, 0 judged before" in done.stderr
    assert run("serialize", "--artifacts", root).code == 0
    return root


def test_a_run_tells_who_taught_it(taught: Path, deep_root: Path) -> None:
    found = load_run(find_run(taught))[0]
    facts = found.data["unlabelled"]
    assert [file["name"] for file in facts["files"]] == [UNLABELLED.name, SAMPLE.name]
    assert (facts["rows"], facts["texts"]) == (218 + found.data["train"]["rows"], 218)
    assert (deep_root / "deep" / facts["teachers"][0]["digest"]).is_dir()
    assert found.settings["training"]["taught"]["weight"] > 0
    said = f"218 without labels judged by {facts['teachers'][0]['name']}"
    assert said in run("runs", "list", "--artifacts", taught).stdout.decode()
    assert said in run("artifacts", "list", "--artifacts", taught).stdout.decode()


def test_the_card_tells_who_taught_the_model(taught: Path) -> None:
    shown = json.loads(run("artifacts", "show", "fast", "--artifacts", taught).stdout)
    card = run("artifacts", "show", "fast", "--card", "--artifacts", taught).stdout.decode()
    assert shown["data"]["unlabelled"]["sha256"] in card
    assert shown["data"]["unlabelled"]["teachers"][0]["digest"] in card


def test_another_training_asks_nobody_again(taught: Path, deep_root: Path) -> None:
    teacher = current_artifact(deep_root, "deep")
    again = ("--data", SAMPLE, "--unlabelled", "-", "--teacher", teacher, "--artifacts", taught)
    done = run("train", *again, given=UNLABELLED.read_bytes())
    assert done.code == 0, done.stderr
    assert "0 reviews to judge, 218 judged before" in done.stderr


@pytest.mark.parametrize(
    ("teacher", "code", "message"),
    [
        ((), 4, "sentiment pull"),
        (("--teacher", "0000"), 4, "no artifact with this digest"),
        (("--teacher", DIGEST[:12]), 3, f"fast@{DIGEST[:12]} cannot teach"),
        (("--teacher", ROOT / "data"), 4, "is refused"),
    ],
)
def test_who_cannot_teach_is_told(
    tmp_path: Path, teacher: tuple[object, ...], code: int, message: str
) -> None:
    lesson = ("--unlabelled", UNLABELLED, *teacher, "--artifacts", tmp_path)
    done = run("train", "--data", SAMPLE, *lesson)
    assert (done.code, message in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "runs").exists()


def test_drift_names_the_remedy() -> None:
    done = run("drift", "--fast", UNLABELLED)
    assert f"sentiment train --unlabelled {UNLABELLED}" in done.stderr
    assert "remedy" not in done.stdout.decode()
