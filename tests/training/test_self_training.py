"""An encoder that learns from reviews that a teacher judged, and the steps that a GPU records."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.runs import find_run, load_run
from pipeline.handlers.loading import load_folder
from pipeline.models.hardware import CPU, CUDA
from pipeline.models.transformer.hub import get_model
from pipeline.reviews.labelled import read_reviews
from pipeline.training.batches import drop_tokens
from pipeline.training.finetuning import Examples, FineTuningSettings, Targets
from tests.support.paths import Invoke
from tests.support.tiny_models import write_easy_reviews

pytest.importorskip("torch", reason="needs the extra [deep]")


@pytest.mark.slow
def test_a_student_learns_what_its_teacher_says(
    deep_root: Path, tiny_bert: Path, tmp_path: Path, invoke: Invoke
) -> None:
    easy, unlabelled = write_easy_reviews(tmp_path / "easy.tsv"), tmp_path / "more.txt"
    texts = [f"{text} 정말" for text in read_reviews(easy).texts]
    unlabelled.write_text("\n".join([*texts, *read_reviews(easy).texts]))
    teacher = current_artifact(deep_root, "deep")
    lesson = ("--unlabelled", unlabelled, "--teacher", teacher)
    tuning = ("--epochs", 4, "--learning-rate", 3e-3, "--batch-size", 16, "--max-tokens", 32)
    base = ("--deep", "--base", tiny_bert, "--device", CPU, "--artifacts", tmp_path)
    done = invoke("train", "--data", easy, *lesson, *tuning, *base)
    assert done.exit_code == 0, done.stderr
    run, _ = load_run(find_run(tmp_path))
    assert run.data["unlabelled"]["teachers"] == [
        {"name": load_folder(teacher).name, "digest": teacher.name}
    ]
    assert run.data["unlabelled"]["texts"] == len(set(texts) - set(read_reviews(easy).texts))
    assert run.metrics["test"]["accuracy"] > 0.9
    assert run.settings["training"]["device"] == CPU
    assert get_model(str(tiny_bert)).files == run.data["base"]["files"]


def test_labels_are_smoothed_and_what_teachers_say_is_not() -> None:
    labelled = Examples(["a", "b"], np.array([0, 1])).targets(0.1)
    both = labelled + Targets(["c"], np.array([0.7]))
    assert both.texts == ["a", "b", "c"]
    assert both.positive.tolist() == pytest.approx([0.05, 0.95, 0.7])


def test_tokens_are_left_out_but_never_the_special_ones() -> None:
    ids = [[2, *range(10, 60), 3], [2, 3], [2, 10, 3]]
    batch = drop_tokens(ids, 0.5, 0, np.random.default_rng(0), multiple=8)
    rows = [row[mask == 1].tolist() for row, mask in zip(batch.ids, batch.mask, strict=True)]
    assert all((row[0], row[-1]) == (2, 3) for row in rows)
    assert 10 < len(rows[0]) < 45
    assert batch.ids.shape[1] % 8 == 0
    assert drop_tokens(ids, 0.0, 0, np.random.default_rng(0)).ids[0].tolist() == ids[0]


@pytest.mark.parametrize(
    ("device", "is_taught", "size"), [(CPU, True, 32), (CUDA, False, 512), (CUDA, True, 1024)]
)
def test_an_accelerator_takes_larger_batches(device: str, is_taught: bool, size: int) -> None:
    assert FineTuningSettings.for_device(device, is_taught).batch_size == size
