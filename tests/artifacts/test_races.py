"""`use` beside `prune`, each in a process of its own."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.artifacts.store import read_current
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
            _tell(use, str(root))
            if number % 2:  # in half of the rounds, `use` has the lock first
                wait_until((root / "fast" / ".lock").exists)
            _tell(prune, str(root))
            used, pruned = _answer(use), _answer(prune)
            seen[used, pruned] += 1
            expected = digests[0] if used == "done" else digests[-1]
            if read_current(root / "fast")["digest"] != expected or not _loads(root):
                broken.append(number)
    assert not broken, f"{len(broken)} of {ROUNDS} rounds left no model: {seen}"
    assert set(seen) <= {("done", "done"), ("ModelMissing", "done")}


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
