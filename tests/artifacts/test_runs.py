"""A run is on the disk before its record says that it is there."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run, load_run, save_run
from pipeline.errors import InvalidInput, ModelMissing
from tests.artifacts.saving import FILES, make_run
from tests.support.disk_calls import DiskCall, DiskCalls
from tests.support.paths import ROOT, Invoke

RECORD = "run.json"


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, list[DiskCall]]:
    """The folder of a run, and the calls with which it was saved."""
    calls = DiskCalls(tmp_path, -1, lambda: None)
    run = make_run()
    calls.install()
    try:
        return save_run(tmp_path / "root", run, FILES), calls.made
    finally:
        calls.remove()


def test_all_of_it_is_synced_before_it_has_its_name(saved: tuple[Path, list[DiskCall]]) -> None:
    folder, calls = saved
    named = calls.index(DiskCall("rename", folder))
    synced = [call.path.name for call in calls[:named] if call.name == "fsync"]
    assert {*FILES, RECORD, "run"} <= set(synced)
    assert synced[-1] == "run"
    assert DiskCall("fsync", folder.parent) in calls[named:]


def test_each_new_folder_is_synced_into_the_one_above(saved: tuple[Path, list[DiskCall]]) -> None:
    folder, calls = saved
    for new in (folder.parent, folder.parent.parent):
        assert DiskCall("fsync", new.parent) in calls[calls.index(DiskCall("mkdir", new)) :]


@pytest.mark.slow
def test_a_killed_process_leaves_a_whole_run_or_none(tmp_path: Path) -> None:
    left = []
    for number in range(100):
        root = tmp_path / str(number)
        code = _save_elsewhere(root, number)
        left.append(_is_whole(root))
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert sorted(left) == left
    assert left.count(False) > len(FILES)


def test_what_a_killed_process_left_is_collected(tmp_path: Path) -> None:
    assert _save_elsewhere(tmp_path / "root", 8) == -signal.SIGKILL
    left = list((tmp_path / "root" / "runs").glob(".new-*/run/*"))
    assert left
    assert not _is_whole(tmp_path / "root")
    folder = save_run(tmp_path / "root", make_run(), FILES)
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, ".lock"}


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "sparse": _sparse,
}


@pytest.mark.parametrize("name", [RECORD, "config.json"])
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_plain_file_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    folder = save_run(tmp_path, make_run(), FILES)
    (folder / name).unlink()
    NO_FILES[kind](folder / name)
    with pytest.raises(InvalidInput, match=f"{name} cannot be read"):
        load_run(folder)


@pytest.mark.parametrize(
    "record",
    ["[]", "{}", "[" * 10**5, '{"id": 1}', "\ud800"],
    ids=["list", "empty", "deep", "id", "encoding"],
)
def test_a_damaged_record_is_refused(tmp_path: Path, record: str) -> None:
    folder = save_run(tmp_path, make_run(), FILES)
    (folder / RECORD).write_bytes(record.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidInput, match="Train again"):
        load_run(folder)


@pytest.mark.parametrize("name", [b".DS_Store", b"notes.bak~", "메모.txt".encode("cp949")])
def test_a_file_that_no_run_has_is_named(
    sample_root: Path, tmp_path: Path, name: bytes, invoke: Invoke
) -> None:
    root = Path(shutil.copytree(sample_root / "runs", tmp_path / "copy" / "runs")).parent
    (find_run(root) / os.fsdecode(name)).touch()
    result = invoke("serialize", "--artifacts", root)
    assert result.exit_code == 3
    assert "Remove it from there" in result.output


def _save_elsewhere(root: Path, number: int) -> int:
    command = [sys.executable, "-m", "tests.artifacts.saving", str(root), str(number)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _is_whole(root: Path) -> bool:
    """Whether there is a whole run; False where there is none."""
    try:
        _, files = load_run(find_run(root))
    except ModelMissing:
        return False
    assert files == FILES
    return True


def test_names_of_files_of_reviews_may_be_bytes_of_cp949(tmp_path: Path) -> None:
    name = os.fsdecode("리뷰.csv".encode("cp949"))
    run = replace(make_run(), data={"source": name})
    loaded, _ = load_run(save_run(tmp_path, run, FILES))
    assert os.fsencode(loaded.data["source"]) == "리뷰.csv".encode("cp949")
