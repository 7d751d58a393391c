"""Partitions scored by a real Ray cluster of two workers on this machine. `make test-ray` runs it.

The cluster is started by the command, and listens on the loopback interface alone.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.handlers.base import Handler
from tests.support.paths import SAMPLE
from tests.support.scoring_files import score

pytest.importorskip("ray", reason="needs Ray: make test-ray")

SECONDS = 240.0
COPIES = 100
NAMES = ("a.tsv", "b.tsv", "c.tsv", "small.csv")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Three files of 85,000 rows, with broken ones; and a small one."""
    folder = tmp_path / "given"
    folder.mkdir()
    header, _, body = SAMPLE.read_bytes().partition(b"\n")
    for name in NAMES[:3]:
        broken = f"broken {name}\n".encode()
        (folder / name).write_bytes(header + b"\n" + (body + broken) * COPIES)
    (folder / "small.csv").write_text("text\n좋다\n싫다\n", encoding="utf-8")
    return folder


@pytest.fixture
def expected(handler: Handler, given: Path, tmp_path: Path) -> dict[str, bytes]:
    """What the same files give locally, and their rejects."""
    folder = tmp_path / "expected"
    folder.mkdir()
    for name in NAMES:
        score(handler, given / name, folder / name)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(sample_root: Path, given: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a run; what a failed test leaves of it is killed."""
    with ExitStack() as stack:

        def run(*options: str) -> "subprocess.Popen[str]":
            process = stack.enter_context(popen(sample_root, given, tmp_path / "scored", *options))
            stack.callback(process.kill)
            return process

        yield run


def popen(root: Path, given: Path, scored: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "cli.main", "predict", "--fast", "--artifacts", str(root)]
    ray = ["--engine", "ray", "--jobs", "2", "--max-rejects", str(3 * COPIES), *options]
    return subprocess.Popen(
        [*command, *ray, str(given), "-o", str(scored)], stderr=subprocess.PIPE, text=True
    )


def end(process: "subprocess.Popen[str]") -> str:
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, stderr
    return stderr


def await_some(process: "subprocess.Popen[str]", scored: Path, pattern: str) -> None:
    """Until there is such a file, which is not empty."""
    limit = time.monotonic() + SECONDS
    while not any(path.stat().st_size for path in scored.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.01)


def scoring_workers(root: int) -> Iterator[int]:
    """Processes of actors at work that descend from this one."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_descendant(int(entry.name), root):
            title = (entry / "cmdline").read_bytes()
            if title.startswith(b"ray::Worker.score"):
                yield int(entry.name)


def is_descendant(process: int, root: int) -> bool:
    while process > 1:
        if process == root:
            return True
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        process = int(fields[1])
    return False


def test_a_killed_worker_changes_nothing(
    start: Start, expected: dict[str, bytes], tmp_path: Path
) -> None:
    scored, process = tmp_path / "scored", start()
    await_some(process, scored, "*.partial")
    victims = list(scoring_workers(process.pid))
    assert victims
    os.kill(victims[0], signal.SIGKILL)
    stderr = end(process)
    assert contents(scored) == expected
    rows = sum(content.count(b"\n") - 1 for name, content in expected.items() if name in NAMES)
    assert f"{rows + 3 * COPIES:,} rows in = {rows:,} scored + {3 * COPIES:,} rejected" in stderr


def test_a_killed_run_goes_on(start: Start, expected: dict[str, bytes], tmp_path: Path) -> None:
    scored, process = tmp_path / "scored", start()
    await_some(process, scored, ".unfinished/*.tsv.json")
    process.kill()
    process.communicate()
    done = {path.name.removesuffix(".json") for path in scored.glob(".unfinished/*")}
    assert done < set(NAMES)
    times = {name: (scored / name).stat().st_mtime_ns for name in done}
    end(start())
    assert contents(scored) == expected
    assert times == {name: (scored / name).stat().st_mtime_ns for name in done}


def test_what_a_worker_refuses_reads_as_it_does_locally(start: Start, given: Path) -> None:
    (given / "small.csv").unlink()
    (given / "z.jsonl").write_text('{"text": "좋다", "predicted_label": "?"}\n', encoding="utf-8")
    process = start()
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 3
    assert stderr.splitlines()[-1].startswith("Error: ")
    assert "has a column predicted_label already" in stderr
    assert "Traceback" not in stderr


def test_no_cluster(start: Start) -> None:
    process = start("--ray-address", "127.0.0.1:1")
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "--ray-address" in stderr
