"""The last steps of a training: from its first checkpoint on, that or the whole run is there."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run, load_run
from pipeline.durability import unfinished
from pipeline.errors import ModelMissing
from pipeline.models.transformer.hub import get_model
from pipeline.training.deep import UNFINISHED, train_deep
from tests.support.disk_calls import DiskCall, DiskCalls
from tests.support.paths import SAMPLE
from tests.support.tiny_models import SMALL

FILES = {"weights.safetensors", "config.json", "tokenizer.json"}
NEVER = -1


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "root" / UNFINISHED / "deep.pt"


@pytest.mark.slow
def test_the_checkpoint_goes_when_the_run_is_on_the_disk(tiny_bert: Path, checkpoint: Path) -> None:
    calls = _train(tiny_bert, checkpoint, NEVER)
    run = find_run(_root(checkpoint))
    saved = calls.index(DiskCall("replace", checkpoint))
    assert calls[saved - 1] == DiskCall("fsync", unfinished(checkpoint))
    assert calls[saved + 1] == DiskCall("fsync", checkpoint.parent)
    assert calls[calls.index(DiskCall("rename", run)) :] == [
        DiskCall("rename", run),
        DiskCall("fsync", run.parent),
        DiskCall("unlink", unfinished(checkpoint)),
        DiskCall("unlink", checkpoint),
        DiskCall("fsync", checkpoint.parent),
    ]


@pytest.mark.slow
def test_no_cut_off_loses_both(tiny_bert: Path, checkpoint: Path) -> None:
    """Each training is cut off one call later than the one before, which it resumes."""
    was_saved = False
    for number in range(100):
        made = _train(tiny_bert, checkpoint, number)
        was_saved = was_saved or DiskCall("replace", checkpoint) in made
        assert checkpoint.exists() or _has_whole_run(checkpoint) or not was_saved
        if DiskCall("unlink", checkpoint) in made:
            break
    assert was_saved
    assert _has_whole_run(checkpoint)


def _train(base: Path, checkpoint: Path, cut_off_at: int) -> list[DiskCall]:
    """Train, from the checkpoint if there is one, up to this call; return the calls made."""
    root, settings = _root(checkpoint), replace(SMALL, epochs=0.25, seed=1)
    calls = DiskCalls(root, cut_off_at, _cut_off)
    calls.install()
    try:
        train_deep(SAMPLE, root, get_model(str(base)), settings, checkpoint.exists(), blend=False)
    except _CutOff:
        pass
    finally:
        calls.remove()
    return calls.made


class _CutOff(Exception):
    pass


def _cut_off() -> None:
    raise _CutOff


def _root(checkpoint: Path) -> Path:
    return checkpoint.parents[1]


def _has_whole_run(checkpoint: Path) -> bool:
    try:
        _, files = load_run(find_run(_root(checkpoint)))
    except ModelMissing:
        return False
    assert set(files) == FILES
    return True
