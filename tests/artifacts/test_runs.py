"""A run is on the disk before its record says that it is there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run, load_run, save_run
from pipeline.errors import ModelMissing
from tests.artifacts.saving import FILES, make_run
from tests.support.disk_calls import DiskCall, DiskCalls
from tests.support.paths import ROOT

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


def test_each_file_is_synced_before_it_has_its_name(saved: tuple[Path, list[DiskCall]]) -> None:
    folder, calls = saved
    for name in (*FILES, RECORD):
        named = calls.index(DiskCall("replace", folder / name))
        assert DiskCall("fsync", folder / f".{name}.new") in calls[:named]


def test_the_record_comes_last(saved: tuple[Path, list[DiskCall]]) -> None:
    folder, calls = saved
    record = calls.index(DiskCall("replace", folder / RECORD))
    named = max(calls.index(DiskCall("replace", folder / name)) for name in FILES)
    assert DiskCall("fsync", folder) in calls[named:record]
    assert calls[record + 1 :] == [DiskCall("fsync", folder)]


def test_each_new_folder_is_synced_into_the_one_above(saved: tuple[Path, list[DiskCall]]) -> None:
    folder, calls = saved
    record = calls.index(DiskCall("replace", folder / RECORD))
    for new in (folder, folder.parent, folder.parent.parent):
        made = calls.index(DiskCall("mkdir", new))
        assert DiskCall("fsync", new.parent) in calls[made:record]


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
    assert left == [False] * (len(left) - 2) + [True, True]


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
