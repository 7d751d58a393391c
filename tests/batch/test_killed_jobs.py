"""The memory that the processes of `predict --jobs` share has no name that could stay behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this is not Linux")
ROWS = "아주 재미있는 영화였다 정말 좋았다\n".encode() * 100_000


def test_nothing_is_left_when_all_processes_are_killed(sample_root: Path, tmp_path: Path) -> None:
    with _predicting(sample_root, tmp_path / "out.csv") as run:
        names = [line.split(maxsplit=5)[5] for line in _maps(run.pid) if "/dev/shm/" in line]  # noqa: S108
        os.killpg(run.pid, signal.SIGKILL)
    assert all(name.endswith("(deleted)") for name in names), names


@contextmanager
def _predicting(root: Path, output: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A run of two processes that is amid its input."""
    command = [sys.executable, "-m", "cli.main", "predict", "--fast", "-", "--jobs", "2"]
    options = ["--input-format", "txt", "-o", str(output), "--artifacts", str(root)]
    run = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with run:
        assert run.stdin is not None
        run.stdin.write(ROWS)
        run.stdin.flush()
        wait_until(lambda: bool(_children(run.pid)))
        yield run


def _children(process: int) -> str:
    return Path(f"/proc/{process}/task/{process}/children").read_text()


def _maps(process: int) -> list[str]:
    return Path(f"/proc/{process}/maps").read_text().splitlines()
