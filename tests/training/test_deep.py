"""Fine-tuning: what it leaves, and that an interruption makes no difference."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts.runs import find_run, load_run
from pipeline.artifacts.verification import WEIGHTS
from pipeline.durability import unfinished
from pipeline.errors import InvalidInput, ModelMissing
from pipeline.models.blending import NEVER
from pipeline.models.transformer.hub import get_model
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.deep import train_deep
from pipeline.training.schedule import BatchOrder, Schedule
from pipeline.training.stacking import blending_weights, cascade_threshold
from tests.support.paths import SAMPLE, Invoke
from tests.support.tiny_models import SMALL, write_easy_reviews

pytestmark = pytest.mark.slow

ENCODER = {"weights.safetensors", "config.json", "tokenizer.json"}
PARTS = ("", "transformer_", "ngrams_")


def test_it_learns_and_leaves_a_run(deep_root: Path, tiny_bert: Path) -> None:
    run, files = load_run(find_run(deep_root))
    assert run.metrics["test"]["accuracy"] > 0.9
    assert run.data["base"]["files"] == get_model(str(tiny_bert)).files
    assert set(files) == {*ENCODER, "model.joblib"}
    assert set(run.metrics) == {f"{a}{b}" for a in PARTS for b in ("held_out", "test")}
    assert not (deep_root / "unfinished" / "deep.pt").exists()


def test_the_encoder_alone(tiny_bert: Path, tmp_path: Path) -> None:
    easy, settings = write_easy_reviews(tmp_path / "easy.tsv"), replace(SMALL, epochs=2.0)
    run = train_deep(easy, tmp_path, get_model(str(tiny_bert)), settings, blend=False)
    assert set(load_run(find_run(tmp_path))[1]) == ENCODER
    assert set(run.metrics) == {"held_out", "test"}


def test_a_part_that_knows_nothing_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 1000)
    good, noise = rng.normal(2.0 * labels - 1.0), rng.normal(size=1000)
    good_share, noise_share = blending_weights(np.column_stack([good, noise]), labels)
    assert good_share > 10 * noise_share > 0


def test_ngrams_answer_alone_from_where_the_transformer_changes_no_label() -> None:
    labels = np.array([1] * 5000)
    alone = np.linspace(0.0, 10.0, 5000)
    assert cascade_threshold(alone, np.where(alone < 3.3, -alone, alone), labels) == 3.5
    assert cascade_threshold(alone, -alone, labels) == NEVER


def test_few_rows_do_not_show_how_rarely_a_label_changes() -> None:
    alone, labels = np.full(1000, 5.0), np.ones(1000, np.intp)
    assert cascade_threshold(alone, alone, labels) == 1.0
    assert cascade_threshold(alone[1:], alone[1:], labels[1:]) == NEVER


class _Stop(Exception):
    pass


def test_a_resumed_training_ends_as_one_in_a_piece(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, base = replace(SMALL, epochs=1.5), get_model(str(tiny_bert))
    whole = train_deep(SAMPLE, tmp_path / "whole", base, settings)
    saved = 0

    def save_then_stop(self: Checkpoints, state: object) -> None:
        nonlocal saved
        saved += 1
        if saved == 20:
            self.save(state())  # type: ignore[operator]
            raise _Stop

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save_if_due", save_then_stop)
        with pytest.raises(_Stop):
            train_deep(SAMPLE, tmp_path / "parts", base, settings)
    with pytest.raises(InvalidInput, match="Give more --epochs"):
        train_deep(SAMPLE, tmp_path / "parts", base, replace(settings, epochs=0.5), resume=True)
    parts = train_deep(SAMPLE, tmp_path / "parts", base, settings, resume=True)
    files = [
        load_run(find_run(tmp_path / part, run.id))[1]
        for part, run in (("whole", whole), ("parts", parts))
    ]
    assert files[0][WEIGHTS] == files[1][WEIGHTS]


def test_nothing_to_resume(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="without --resume"):
        train_deep(SAMPLE, tmp_path, get_model(str(tiny_bert)), SMALL, resume=True)


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra [deep]")
    Checkpoints(tmp_path / "c.pt", {"settings": {"seed": 1}}).save({"step": 1})
    with pytest.raises(InvalidInput, match="settings differ"):
        Checkpoints(tmp_path / "c.pt", {"settings": {"seed": 2}}).load()


@pytest.mark.parametrize(
    "damage",
    [
        os.mkfifo,
        Path.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\x80\x02."),
    ],
    ids=["pipe", "folder", "link to an endless device", "empty", "no state"],
)
def test_a_damaged_checkpoint_is_told(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    pytest.importorskip("torch", reason="needs the extra [deep]")
    damage(tmp_path / "c.pt")
    with pytest.raises(InvalidInput, match="damaged"):
        Checkpoints(tmp_path / "c.pt", {"settings": {"seed": 1}}).load()


def test_what_has_the_name_of_an_unfinished_checkpoint_is_replaced(tmp_path: Path) -> None:
    """A link of that name, left by anybody, would be written to."""
    pytest.importorskip("torch", reason="needs the extra [deep]")
    (tmp_path / "other").write_text("mine")
    unfinished(tmp_path / "c.pt").symlink_to(tmp_path / "other")
    checkpoints = Checkpoints(tmp_path / "c.pt", {"settings": {"seed": 1}})
    checkpoints.save({"step": 1})
    assert checkpoints.load()["step"] == 1
    assert (tmp_path / "other").read_text() == "mine"


def test_every_row_occurs_once_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 4001).tolist()
    order = BatchOrder(lengths, 32, seed=5)
    steps = order.steps_per_epoch
    epochs = [[order.batch(e * steps + n) for n in range(steps)] for e in range(2)]
    for batches in epochs:
        assert sorted(np.concatenate(batches)) == list(range(4001))
    assert not np.array_equal(np.concatenate(epochs[0]), np.concatenate(epochs[1]))
    spreads = [np.ptp(np.array(lengths)[batch]) for batch in epochs[0]]
    assert np.median(spreads) <= 5


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [Schedule(100, warm_up=0.1, cool_down=0.5).rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:51] == [1.0] * 42
    assert rates[99] == pytest.approx(0.02)
    assert sorted(rates[50:], reverse=True) == rates[50:]


def test_deep_needs_a_base(invoke: Invoke) -> None:
    done = invoke("train", "--deep", "--data", SAMPLE)
    assert done.exit_code == 2
    assert "--base" in done.output


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_a_missing_library_names_the_extra(library: str, tiny_bert: Path, tmp_path: Path) -> None:
    script = f"import sys; sys.modules[{library!r}] = None; from cli.main import main; main()"
    options = ("--base", tiny_bert, "--data", SAMPLE, "--artifacts", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", script, "train", "--deep", *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
    )
    expected = f"Error: This needs the library {library}: pip install 'sentiment-toolkit[deep]'.\n"
    assert (done.returncode, done.stderr) == (4, expected)
