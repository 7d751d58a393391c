"""Files at addresses, on a real S3 server (moto's) on the loopback. `make test-remote` runs it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.batch.scoring import Job, score_files
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler
from tests.support.s3_server import ask_there, s3_server
from tests.support.scoring_files import TEXTS, make_job, read_rows, score, write_table

s3fs = pytest.importorskip("s3fs", reason="needs s3fs and moto: make test-remote")
pytest.importorskip("moto", reason="needs moto: make test-remote")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    with s3_server() as port:
        ask_there(f"http://127.0.0.1:{port}", monkeypatch)
        s3fs.S3FileSystem.clear_instance_cache()
        system = s3fs.S3FileSystem()
        system.mkdir("reviews")
        yield system


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_partitions_in_a_bucket(
    handler: Handler, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.batch.cluster.partitions import make_partitions, remove_receipts

    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.tsv"):
        bucket.put(str(write_table(tmp_path / name)), f"reviews/parts/{name}")
        score(handler, tmp_path / name, tmp_path / f"local-{name}")
    job = make_job(tmp_path / "a.csv", None)
    sources = find_sources(["s3://reviews/parts/"])
    parts = make_partitions(replace(job, sources=sources, output="s3://reviews/out/"))
    totals = [part.score(handler) for part in parts]
    assert [part.score(handler) for part in parts] == totals
    remove_receipts(parts)
    bucket.invalidate_cache()
    assert sorted(bucket.find("reviews/out")) == ["reviews/out/a.csv", "reviews/out/b.tsv"]
    for name in ("a.csv", "b.tsv"):
        assert bucket.cat(f"reviews/out/{name}") == (tmp_path / f"local-{name}").read_bytes()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_from_and_to_a_bucket(
    handler: Handler, bucket: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        bucket.put(str(write_table(tmp_path / name)), f"reviews/in/{name}")  # type: ignore[attr-defined]
    score(handler, [tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "local.csv")
    local = make_job(tmp_path / "a.csv", tmp_path / "x.csv")
    for place in ("s3://reviews/in/", "s3://reviews/in/*.csv"):
        job = Job(find_sources([place]), "s3://reviews/scored.csv", local.read, local.write)
        assert score_files(handler, job).scored == 2 * len(TEXTS)
        bucket.invalidate_cache()  # type: ignore[attr-defined]
        bucket.get("reviews/scored.csv", str(tmp_path / "fetched.csv"))  # type: ignore[attr-defined]
        assert (tmp_path / "fetched.csv").read_bytes() == (tmp_path / "local.csv").read_bytes()
        assert len(read_rows(tmp_path / "fetched.csv")) == 2 * len(TEXTS)
        assert not list(tmp_path.glob("scored.csv*"))
