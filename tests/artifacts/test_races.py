"""`use` beside `prune`, and beside publishing, each in a process of its own."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.artifacts.pointer import read_current
from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_current
from tests.artifacts.conftest import linked_copy
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

ROUNDS = 40


@pytest.mark.slow
def test_what_is_current_always_loads(
    eight_artifacts: tuple[Path, list[str]], tmp_path: Path
) -> None:
    template, digests = eight_artifacts
    seen: Counter[tuple[str, str]] = Counter()
    broken = []
    with _working("use", digests[0]) as use, _working("prune") as prune:
        for number in range(ROUNDS):
            root = linked_copy(template, tmp_path / str(number))
            used, pruned = _race(root, use, prune, use_is_first=bool(number % 2))
            seen[used, pruned] += 1
            expected = digests[0] if used == "done" else digests[-1]
            if read_current(root / "fast")["digest"] != expected or not _loads(root):
                broken.append(number)
    assert not broken, f"{len(broken)} of {ROUNDS} rounds left no model: {seen}"
    assert set(seen) <= {("done", "done"), ("ModelMissing", "done")}


@pytest.mark.slow
def test_no_change_is_lost(eight_artifacts: tuple[Path, list[str]], tmp_path: Path) -> None:
    template, digests = eight_artifacts
    with _working("use", digests[0]) as use, _working("publish") as publish:
        for number in range(ROUNDS // 4):
            root = linked_copy(template, tmp_path / str(number))
            before = read_current(root / "fast")["sequence"]
            answers = _race(root, use, publish, use_is_first=bool(number % 2))
            assert answers == ("done", "done")
            assert read_current(root / "fast")["sequence"] == before + 2
            assert digests[0] in read_current(root / "fast").values()
            assert _loads(root)


def _race(
    root: Path,
    use: "subprocess.Popen[str]",
    other: "subprocess.Popen[str]",
    use_is_first: bool,
) -> tuple[str, str]:
    """What the two said to the same store, given to them together or once `use` has the lock."""
    _tell(use, str(root))
    if use_is_first:
        wait_until((root / "fast" / ".lock").exists)
    _tell(other, str(root))
    return _answer(use), _answer(other)


def _loads(root: Path) -> bool:
    try:
        load_current(root, "fast")
    except SentimentError:
        return False
    return True


@contextmanager
def _working(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.artifacts.racing", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as worker:
        assert _answer(worker) == "ready"
        yield worker


def _tell(worker: "subprocess.Popen[str]", line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()


def _answer(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()
