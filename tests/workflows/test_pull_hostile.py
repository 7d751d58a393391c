"""Hubs and folders that mean harm, against `sentiment pull` in a process of its own.

`make torture PARTS=hub` tries every mode of the hub.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.artifacts.scratch import scratch_folder
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.models.transformer.hub import get_model
from pipeline.workflows.pulling import pull
from tests.support.command import run
from tests.support.paths import SENTIMENT
from tests.support.waiting import wait_until
from tests.torture.hubs import PLANTED, WRITING, attack_all

pytestmark = pytest.mark.slow

pytest.importorskip("huggingface_hub", reason="needs the extra [deep]")

SHORT = (WRITING, "tree: a next page at another host")


@pytest.mark.parametrize("name", SHORT)
def test_a_hostile_hub_harms_nothing(tiny_bert: Path, tmp_path: Path, name: str) -> None:
    (outcome,) = attack_all(tiny_bert, tmp_path, [name])
    assert not outcome.problems, outcome


def test_the_harness_finds_a_client_that_believes_the_hub(tiny_bert: Path, tmp_path: Path) -> None:
    (outcome,) = attack_all(tiny_bert, tmp_path, [WRITING], PLANTED)
    assert any(problem.startswith("victim/kept.new") for problem in outcome.problems), outcome


def _replace(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return replace


def _link_out(path: Path) -> None:
    secret = path.parent.parent / "secret"
    secret.write_text("[PAD]\n[UNK]\nof the user's\n")
    path.symlink_to(secret)


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link out": (_replace("vocab.txt", _link_out), "vocab.txt is a link that leads out of its"),
    "a link to nothing": (
        _replace("tokenizer.json", lambda path: path.symlink_to("nothing")),
        "tokenizer.json is a link that leads out of its",
    ),
    "a link to itself": (
        _replace("vocab.txt", lambda path: path.symlink_to(path.name)),
        "vocab.txt is a link that leads out",
    ),
    "a device": (
        _replace("vocab.txt", lambda path: path.symlink_to("/dev/zero")),
        "vocab.txt is a link that leads out",
    ),
    "a pipe": (_replace("vocab.txt", os.mkfifo), "vocab.txt is no regular file"),
    "a folder": (_replace("config.json", Path.mkdir), "config.json is no regular file"),
    "huge settings": (
        lambda folder: os.truncate(folder / "config.json", 2**40),
        "config.json is 1,099,511,627,776 bytes long; 4,194,304 is the most",
    ),
    "huge weights": (
        lambda folder: os.truncate(folder / "model.safetensors", 2**40),
        "model.safetensors is 1,099,511,627,776 bytes long; 8,589,934,592 is the most",
    ),
    "deep settings": (
        lambda folder: (folder / "config.json").write_text("[" * 200_000),
        "config.json is damaged",
    ),
    "labels of no number": (
        lambda folder: (folder / "config.json").write_text('{"id2label": {"a": "b"}}'),
        "config.json is damaged: its id2label",
    ),
    "billions of labels": (
        lambda folder: (folder / "config.json").write_text('{"num_labels": 1e300}'),
        "The model has 100 labels",
    ),
    "labels that move the cursor": (
        lambda folder: (folder / "config.json").write_text('{"id2label": ["\\u001b[2J", "\\n"]}'),
        "config.json is damaged: its id2label",
    ),
}


@pytest.fixture
def model(tiny_bert: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in tiny_bert.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize("name", FOLDERS)
def test_a_hostile_folder_is_refused_in_one_line(model: Path, tmp_path: Path, name: str) -> None:
    change, message = FOLDERS[name]
    change(model)
    with pytest.raises((ArtifactRefused, InvalidInput), match=re.escape(message)) as raised:
        pull(str(model), tmp_path / "root")
    assert str(raised.value).isprintable()
    assert not (tmp_path / "root").exists()


def test_the_command_reads_no_secret(model: Path, tmp_path: Path) -> None:
    _replace("vocab.txt", _link_out)(model)
    done = run("pull", model, "--artifacts", tmp_path / "root")
    assert (done.code, done.stderr.count("\n")) == (4, 1)
    assert "leads out of its folder" in done.stderr
    assert not (tmp_path / "root").exists()


def test_links_within_a_folder_are_followed(model: Path) -> None:
    plain = get_model(str(model))
    (model / "shared").mkdir()
    (model / "vocab.txt").rename(model / "shared" / "vocab.txt")
    (model / "vocab.txt").symlink_to("shared/vocab.txt")
    assert get_model(str(model)) == plain


def test_the_folder_of_a_killed_pull_is_removed_by_the_next(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [SENTIMENT, "pull", str(model), "--artifacts", str(tmp_path / "root")],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: any(temporary.glob("sentiment-pull-*")), 60)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    (in_use,) = temporary.glob("sentiment-pull-*")
    with scratch_folder("sentiment-pull-"):
        assert in_use.exists()
    process.kill()
    process.wait()
    assert in_use.exists()

    def is_alone() -> bool:  # once the child of the killed one has ended, too
        with scratch_folder("sentiment-pull-") as own:
            return list(temporary.glob("*sentiment-pull-*")) == [own]

    wait_until(is_alone, 10)
