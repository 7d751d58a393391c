"""What `prune` removes, and what it leaves to those that use it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.artifacts.leases import hold_lease
from pipeline.artifacts.locking import TEMPORARY
from pipeline.artifacts.pointer import CURRENT
from pipeline.artifacts.store import PREVIOUS, prune_artifacts, use_artifact
from pipeline.durability import unfinished
from pipeline.handlers.loading import load_folder
from tests.artifacts.conftest import add_artifact
from tests.support.paths import ROOT, Invoke

KEPT_FILES = {CURRENT, ".lock"}


def test_the_newest_five_stay(filled: Path, digests: list[str], invoke: Invoke) -> None:
    result = invoke("artifacts", "prune", "--artifacts", filled)
    assert sorted(result.output.split()) == sorted(
        word for digest in digests[:3] for word in ("removed", f"fast@{digest}")
    )
    assert _names(filled) == {*digests[3:], *KEPT_FILES}
    assert prune_artifacts(filled) == []


def test_the_current_and_the_previous_one_stay(filled: Path, digests: list[str]) -> None:
    for digest in (digests[0], digests[1]):
        use_artifact(filled, digest, load_folder)
    assert [folder.name for folder in prune_artifacts(filled)] == [digests[2]]
    assert use_artifact(filled, PREVIOUS, load_folder).name == digests[0]


@pytest.mark.parametrize("kind", ["handler", "lease"])
def test_what_another_process_uses_stays_until_it_is_killed(
    filled: Path, digests: list[str], kind: str
) -> None:
    with _holding(kind, filled / "fast" / digests[1]) as holder:
        assert [folder.name for folder in _prune_elsewhere(filled)] == [digests[0], digests[2]]
        load_folder(filled / "fast" / digests[1])
        holder.kill()
        holder.wait()
        assert [folder.name for folder in _prune_elsewhere(filled)] == [digests[1]]


def test_a_lease_ends_with_its_owner(filled: Path, digests: list[str]) -> None:
    handler = load_folder(filled / "fast" / digests[0])
    assert handler.folder not in prune_artifacts(filled)
    folder = handler.folder
    del handler
    assert prune_artifacts(filled) == [folder]


def test_a_lease_on_what_is_gone_is_no_error(tmp_path: Path) -> None:
    hold_lease(test_a_lease_on_what_is_gone_is_no_error, tmp_path / "gone")


def _left_folder(path: Path) -> None:
    (path / "artifact").mkdir(parents=True)
    (path / "artifact" / "model.joblib").touch()


def _left_link(path: Path) -> None:
    path.symlink_to(path.parent)


LEFT: dict[str, Callable[[Path], None]] = {
    "folder": _left_folder,
    "file": Path.touch,
    "link": _left_link,
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", LEFT)
@pytest.mark.parametrize("left", [f"{TEMPORARY}x", unfinished(Path(CURRENT)).name])
def test_what_a_crash_left_is_collected(
    filled: Path, digests: list[str], kind: str, left: str
) -> None:
    slot = filled / "fast"
    changes: list[Callable[[], object]] = [
        lambda: prune_artifacts(filled),
        lambda: add_artifact(filled, "fast"),
        lambda: use_artifact(filled, digests[-2], load_folder),
    ]
    for change in changes:
        LEFT[kind](slot / left)
        change()
        assert not os.path.lexists(slot / left)
        assert set(digests[3:]) < _names(filled)


def test_what_only_looks_like_an_artifact_is_no_obstacle(filled: Path, digests: list[str]) -> None:
    slot = filled / "fast"
    (slot / ("0" * 64)).touch()
    (slot / ("1" * 64)).symlink_to(slot / digests[-1])
    os.mkfifo(slot / ("2" * 64))
    assert [folder.name for folder in prune_artifacts(filled)] == digests[:3]
    assert (slot / digests[-1]).is_dir()


def _names(root: Path) -> set[str]:
    return {path.name for path in (root / "fast").iterdir()}


@contextmanager
def _holding(kind: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.artifacts.holding", kind, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def _prune_elsewhere(root: Path) -> list[Path]:
    """Prune in another process; return what it removed, in order of age."""
    command = [sys.executable, "-m", "cli.main", "artifacts", "prune", "--artifacts", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [line.removeprefix("removed fast@") for line in done.stdout.splitlines()]
    return [root / "fast" / name for name in names]
