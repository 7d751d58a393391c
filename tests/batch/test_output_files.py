"""Outputs and their side files take the place of files of their own, and of nothing else."""

import os
import resource
import stat
from pathlib import Path

import pytest

from pipeline.batch.output import writing
from pipeline.batch.scorer import ScoredChunk
from pipeline.batch.scoring import CHUNK_BYTES, score_files
from pipeline.errors import InvalidInput
from pipeline.files.chunks import Chunk
from pipeline.handlers.base import Handler
from tests.support.command import run
from tests.support.scoring_files import make_job, read_rows, score, write_table

BROKEN = b"1,2\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_table(tmp_path / "in.csv")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_output_keeps_its_permissions(handler: Handler, source: Path, name: str) -> None:
    output = source.with_name(name)
    output.touch(0o600)
    with source.open("ab") as file:
        file.write(BROKEN)
    score(handler, source, output)
    assert mode(output) == 0o600
    assert mode(source.with_name(f"{name}.rejects.jsonl")) == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not root")
def test_a_run_as_root_goes_on_and_keeps_the_owner(
    handler: Handler, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", 100)
    monkeypatch.setattr(writing, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    output = source.with_name("out.csv")
    output.touch(0o640)
    os.chown(output, 1234, 1234)

    def stop(chunk: Chunk, _: ScoredChunk) -> None:
        if chunk.start.offset:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_files(handler, make_job(source, output), watch=stop)
    score(handler, source, output)
    assert (output.stat().st_uid, mode(output)) == (1234, 0o640)


def test_a_link_stays_and_what_it_leads_to_is_written(handler: Handler, source: Path) -> None:
    folder = source.with_name("elsewhere")
    folder.mkdir()
    link = source.with_name("out.csv")
    link.symlink_to("elsewhere/target.csv")
    score(handler, source, link)
    assert str(link.readlink()) == "elsewhere/target.csv"
    assert [path.name for path in folder.iterdir()] == ["target.csv"]
    assert len(read_rows(link)) == len(read_rows(folder / "target.csv")) > 0


def test_an_input_is_not_taken_for_the_reports_side_file(source: Path, sample_root: Path) -> None:
    named = source.rename(source.with_name(".report.html.new"))
    report, output = source.with_name("report.html"), source.with_name("out.csv")
    options = ["--input-format", "csv", "--report", report, "-o", output]
    done = run("predict", "--fast", named, "--artifacts", sample_root, *options)
    assert done.code == 3
    assert "would be lost" in done.stderr
    assert list(named.parent.iterdir()) == [named]


def test_a_full_disk_before_the_first_checkpoint_leaves_nothing(
    handler: Handler, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", 100)
    source.write_bytes(source.read_bytes().replace(b"\n", b"\n" + BROKEN, 1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(_: Chunk, __: ScoredChunk) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))

    output = source.with_name("out.csv")
    try:
        with pytest.raises(OSError, match="File too large"):
            score_files(handler, make_job(source, output), watch=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(source.parent.glob("out.csv*"))


def test_a_dash_is_standard_output_and_a_path_need_not_be_text(
    source: Path, sample_root: Path
) -> None:
    named = source.rename(os.fsdecode(os.fsencode(source.parent) + b"/\xff.csv"))
    common = ["predict", "--fast", named, "--artifacts", sample_root]
    to_stream = run(*common, "-o", "-")
    output = Path(os.fsdecode(os.fsencode(source.parent) + b"/out\xff.jsonl"))
    to_file = run(*common, "-o", output, "--report", f"{output}.html")
    assert (to_stream.code, to_file.code) == (0, 0)
    assert output.read_bytes() == to_stream.stdout


def test_what_is_no_file_is_not_replaced(handler: Handler, source: Path) -> None:
    output = source.with_name("out.csv")
    for name in (".partial", ".journal", ".lock", ".rejects.jsonl.partial", ".rejects.jsonl"):
        side = source.with_name(f"out.csv{name}")
        side.symlink_to(source.with_name("nothing"))
        with pytest.raises(InvalidInput, match="is a link"):
            score(handler, source, output)
        side.unlink()
    assert not source.with_name("nothing").exists()
