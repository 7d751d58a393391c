"""A folder of files, each a partition: without a cluster, which test_ray.py has."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.batch.cluster.partitions import Partition, forget, make_partitions, remove_receipts
from pipeline.batch.cluster.ray_engine import score_partitions
from pipeline.batch.scoring import Job
from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler
from tests.support.paths import Invoke
from tests.support.scoring_files import TEXTS, make_job, read_rows, score, write_jsonl, write_table


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A folder of two tables, objects, and lines."""
    for module in ("fsspec", "pyarrow"):
        pytest.importorskip(module, reason="needs the extra [distributed]")
    given = tmp_path / "given"
    given.mkdir()
    write_table(given / "a.csv")
    write_table(given / "b.tsv")
    write_jsonl(given / "c.jsonl")
    (given / "d.v1.txt").write_text("좋다\n싫다\n", encoding="utf-8")
    one = make_job(given / "a.csv", tmp_path / "x.csv")
    return replace(one, sources=find_sources([str(given)]), output=f"{tmp_path}/scored/")


def by_name(partitions: list[Partition]) -> dict[str, Partition]:
    return {Path(partition.job.output or "").name: partition for partition in partitions}


def test_each_file_is_scored_as_it_is_alone(handler: Handler, job: Job, tmp_path: Path) -> None:
    parts = by_name(make_partitions(job))
    assert list(parts) == ["a.csv", "b.tsv", "c.jsonl", "d.v1.jsonl"]
    for name, partition in parts.items():
        totals = partition.score(handler)
        assert totals.scored == (2 if name == "d.v1.jsonl" else len(TEXTS))
        given = Path(partition.job.sources[0].path)
        score(handler, given, tmp_path / name)
        assert (tmp_path / "scored" / name).read_bytes() == (tmp_path / name).read_bytes()
    remove_receipts(list(parts.values()))
    assert sorted(path.name for path in (tmp_path / "scored").iterdir()) == list(parts)


def test_a_folder_that_is_there_is_gone_on_with(job: Job) -> None:
    assert make_partitions(job) == make_partitions(job)


def test_another_format_for_all(handler: Handler, job: Job, tmp_path: Path) -> None:
    for partition in make_partitions(job, "parquet"):
        partition.score(handler)
    assert len(read_rows(tmp_path / "scored" / "b.parquet")) == len(TEXTS)


def test_what_is_done_is_not_done_again(handler: Handler, job: Job, tmp_path: Path) -> None:
    first = make_partitions(job)[0]
    totals = first.score(handler)
    (tmp_path / "scored" / "a.csv").write_text("left alone")
    assert first.score(handler) == totals
    assert (tmp_path / "scored" / "a.csv").read_text() == "left alone"
    forget([first])
    first.score(handler)
    assert len(read_rows(tmp_path / "scored" / "a.csv")) == len(TEXTS)


def test_other_settings_do_not_go_on(handler: Handler, job: Job) -> None:
    first = make_partitions(job)[0]
    first.score(handler)
    write = replace(first.job.write, excel=True)
    other = replace(first, job=replace(first.job, write=write))
    with pytest.raises(InvalidInput, match=r"another setting of excel.*--restart"):
        other.score(handler)


def test_a_partition_without_reviews_is_one_nonetheless(handler: Handler, job: Job) -> None:
    last = make_partitions(job)[-1]
    Path(last.job.sources[0].path).write_bytes(b"")
    assert last.score(handler).rows == 0
    assert Path(last.job.output or "").read_bytes() == b""


def test_two_inputs_of_one_name(job: Job, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "given" / "d.v1.jsonl")
    again = replace(job, sources=find_sources([f"{tmp_path}/given"]))
    with pytest.raises(InvalidInput, match=r"Two inputs would be written to d\.v1\.jsonl"):
        make_partitions(again)


def test_without_ray(handler: Handler, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ResourceUnavailable, match=r"\[distributed\]"):
        score_partitions(handler, make_partitions(job))


@pytest.mark.parametrize("arguments", [["-"], ["{given}"]])
def test_ray_needs_files_and_a_folder(
    invoke: Invoke, sample_root: Path, job: Job, arguments: list[str]
) -> None:
    given = Path(job.sources[0].path).parent
    inputs = [argument.format(given=given) for argument in arguments]
    ray = ["--engine", "ray", "--artifacts", str(sample_root)]
    result = invoke("predict", "--fast", *inputs, *ray)
    assert result.exit_code == 2
    assert "-o FOLDER" in result.stderr
