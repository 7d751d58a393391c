"""Spreadsheets are converted by a child process, which costs a known amount and leaves nothing."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import InvalidInput
from pipeline.files import spreadsheets
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.reading import look_at, read_chunks
from pipeline.files.sources import find_sources
from tests.support.command import run
from tests.support.hostile_documents import cell, far_cells, write_workbook
from tests.support.waiting import wait_until

pytest.importorskip("python_calamine", reason="needs the extra [excel]")

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A header and 20,000 rows, more than a pipe holds."""
    path = tmp_path / "book.xlsx"
    rows = (cell(f"B{row}", min(row - 3, 1)) for row in range(3, 20_004))
    write_workbook(path, rows, ["document", "재밌다"])
    return path


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@LINUX
def test_cells_far_from_each_other_are_refused(tmp_path: Path, sample_root: Path) -> None:
    far_cells(tmp_path / "far.xlsx")
    done = run("predict", "--fast", "--artifacts", sample_root, tmp_path / "far.xlsx")
    assert done.code == 3
    (line,) = done.stderr.splitlines()
    assert "far.xlsx takes more than 1 GiB of memory or 120 s" in line
    assert ".csv" in line


def test_a_file_that_is_too_large_is_refused(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "LARGEST_SPREADSHEET", 2**16)
    with pytest.raises(InvalidInput, match=r"book\.xlsx is larger than"):
        look_at(find_sources([str(book)]), ReadSettings())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"PK\x03\x04" + bytes(100), "cannot be read as a spreadsheet"), (None, "holds no rows")],
)
def test_what_is_wrong_with_a_file_is_told(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "odd.xlsx"
    if content is None:
        write_workbook(path, [], [])
    else:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=f"odd.xlsx {reason}"):
        look_at(find_sources([str(path)]), ReadSettings())


@LINUX
def test_a_child_ends_with_its_source(book: Path) -> None:
    """Also where no more than the beginning is wanted, or the rest is not."""
    before = children(os.getpid())
    inputs = look_at(find_sources([str(book)]), ReadSettings())
    assert children(os.getpid()) == before
    chunks = read_chunks(inputs, BEGINNING, 100)
    next(chunks)
    assert len(children(os.getpid())) == len(before) + 1
    chunks.close()
    assert children(os.getpid()) == before


def test_reading_goes_on_anywhere(book: Path) -> None:
    inputs = look_at(find_sources([str(book)]), ReadSettings())
    chunks = list(read_chunks(inputs, BEGINNING, 50_000))
    assert b"".join(chunk.content for chunk in chunks) == '"재밌다"\n'.encode() * 20_000
    assert list(read_chunks(inputs, chunks[2].end, 50_000)) == chunks[3:]


READ = """
import sys, time
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.reading import look_at, read_chunks
from pipeline.files.sources import find_sources
chunks = read_chunks(look_at(find_sources(sys.argv[1:]), ReadSettings()), BEGINNING, 100)
next(chunks)
print("reading", flush=True)
time.sleep(60)
"""


@LINUX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_reader_that_is_ended_leaves_no_child(book: Path, number: signal.Signals) -> None:
    """Nor does one need more than a process has that is limited itself."""
    limit = (2**30, 2**30)
    with subprocess.Popen(
        [sys.executable, "-c", READ, book],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"reading\n"
        (child,) = children(reader.pid)
        reader.send_signal(number)
    wait_until(lambda: not Path(f"/proc/{child}/cmdline").exists(), 5)
