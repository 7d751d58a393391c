"""A current.json that is no record: never followed, never waited for, and repaired."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.artifacts.listing import damaged_slots, list_artifacts
from pipeline.artifacts.pointer import CURRENT, current_artifact, make_current, read_current
from pipeline.artifacts.store import PREVIOUS, prune_artifacts, use_artifact
from pipeline.errors import ArtifactRefused
from pipeline.handlers.loading import load_folder
from pipeline.workflows.sealing import serialize
from tests.artifacts.conftest import linked_copy
from tests.support.paths import Invoke


def _elsewhere(path: Path) -> None:
    """A link to a record that would be valid."""
    other = path.with_name("other.json")
    other.write_text(json.dumps({"digest": "0" * 64, "previous": None, "sequence": 1}))
    path.symlink_to(other)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_text(""),
    "no JSON": lambda path: path.write_text("{"),
    "no object": lambda path: path.write_text("[]"),
    "no digest": lambda path: path.write_text(
        '{"digest": "../..", "previous": null, "sequence": 1}'
    ),
    "deep": lambda path: path.write_text("[" * 4000),
    "huge": lambda path: path.write_bytes(b" " * 2**20 + b"{}"),
    "sparse": lambda path: (path.touch(), os.truncate(path, 2**40)),
    "pipe": os.mkfifo,
    "link": _elsewhere,
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link to a folder": lambda path: path.symlink_to(path.parent),
    "folder": _folder,
}


@pytest.fixture(params=DAMAGES)
def damaged(sample_root: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A store with one fast artifact and a damaged current.json."""
    root = linked_copy(sample_root, tmp_path / "artifacts")
    (root / "fast" / CURRENT).unlink()
    DAMAGES[request.param](root / "fast" / CURRENT)
    return root


@pytest.fixture
def digest(sample_root: Path) -> str:
    return current_artifact(sample_root, "fast").name


REPAIR = "sentiment artifacts use DIGEST"


def test_reading_it_says_how_to_repair_it(damaged: Path) -> None:
    with pytest.raises(ArtifactRefused, match=REPAIR):
        read_current(damaged / "fast")
    with pytest.raises(ArtifactRefused, match=REPAIR):
        use_artifact(damaged, PREVIOUS, load_folder)
    with pytest.raises(ArtifactRefused, match=REPAIR):
        prune_artifacts(damaged)


def test_use_repairs_it(damaged: Path, digest: str, invoke: Invoke) -> None:
    used = invoke("artifacts", "use", digest[:8], "--artifacts", damaged)
    assert used.output == f"fast@{digest} is current\n"
    assert read_current(damaged / "fast") == {"digest": digest, "previous": None, "sequence": 1}
    assert (damaged / "fast" / CURRENT).is_file()
    assert not (damaged / "fast" / CURRENT).is_symlink()


def test_serialize_repairs_it(damaged: Path, digest: str) -> None:
    assert serialize(damaged, None, damaged) == digest
    assert current_artifact(damaged, "fast").name == digest


def test_list_works_and_says_it(damaged: Path, digest: str, invoke: Invoke) -> None:
    [stored] = list_artifacts(damaged)
    assert (stored.folder.name, stored.is_current) == (digest, False)
    listed = invoke("artifacts", "list", "--artifacts", damaged)
    assert listed.exit_code == 0
    assert digest[:12] in listed.stdout
    assert REPAIR in listed.stderr


def test_doctor_works_and_says_it(damaged: Path, invoke: Invoke) -> None:
    result = invoke("doctor", "--artifacts", damaged)
    assert result.exit_code == 0
    assert "unknown; 1 artifacts" in result.output
    assert REPAIR in result.output
    assert "- deep model" in result.output


def test_commands_say_how_to_repair_it(damaged: Path, invoke: Invoke) -> None:
    for command in (("predict", "--fast", "--text", "굿"), ("artifacts", "prune")):
        result = invoke(*command, "--artifacts", damaged)
        assert result.exit_code == 4
        assert REPAIR in result.output


def test_a_store_without_one_has_no_current_artifact(tmp_path: Path) -> None:
    assert read_current(tmp_path / "nowhere") == {}
    (tmp_path / "fast").mkdir()
    assert read_current(tmp_path / "fast") == {}


SLOTS: dict[str, Callable[[Path], object]] = {
    "file": Path.touch,
    "pipe": os.mkfifo,
    "link to itself": lambda path: path.symlink_to(path),
    "link to an endless device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", SLOTS)
def test_a_slot_that_is_no_folder_is_told(tmp_path: Path, kind: str, invoke: Invoke) -> None:
    SLOTS[kind](tmp_path / "fast")
    for command in (("predict", "--fast", "--text", "굿"), ("artifacts", "list"), ("doctor",)):
        result = invoke(*command, "--artifacts", tmp_path)
        assert result.exit_code == (4 if "predict" in command else 0)
        assert "is no folder. Remove it" in result.output


LOCKS: dict[str, Callable[[Path], object]] = {
    "link": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_is_no_file_is_told(
    sample_root: Path, tmp_path: Path, kind: str, invoke: Invoke
) -> None:
    root = linked_copy(sample_root, tmp_path / "artifacts")
    LOCKS[kind](root / "fast" / ".lock")
    result = invoke("artifacts", "prune", "--artifacts", root)
    assert result.exit_code == 5
    assert "remove it if it is none" in result.output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
@pytest.mark.parametrize("mode", [0, 0o100, 0o400])
def test_a_slot_that_this_account_may_not_read_is_told(
    sample_root: Path, tmp_path: Path, mode: int
) -> None:
    root = linked_copy(sample_root, tmp_path / "artifacts")
    (root / "fast").chmod(mode)
    assert "this account access" in damaged_slots(root)["fast"]
    assert list_artifacts(root) == []


def test_each_change_is_counted_and_remembers_the_one_before(tmp_path: Path) -> None:
    for digest in ("a" * 64, "b" * 64, "b" * 64):
        make_current(tmp_path, digest)
    assert read_current(tmp_path) == {"digest": "b" * 64, "previous": "a" * 64, "sequence": 2}
