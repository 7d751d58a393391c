"""Whatever Parquet holds, and whatever a file is called, has a place in every output."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING, TOO_LONG, Chunk, Position
from pipeline.files.layouts import ReadSettings
from pipeline.files.parquet_rows import RowReader
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import look_at, read_chunks
from pipeline.files.records import MISSING_TEXT
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler
from tests.support.arrow_kinds import arrow_kinds, not_utf8
from tests.support.command import run
from tests.support.scoring_files import read_rejects, read_rows, score

pa = pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra [parquet]")


def written(path: Path, **columns: Any) -> Path:
    parquet.write_table(pa.table({"text": ["좋다", "나쁘다"]} | columns), path)
    return path


def strict(line: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    row: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return row


def test_every_kind_of_value_goes_into_every_output(handler: Handler, tmp_path: Path) -> None:
    given = written(tmp_path / "given.parquet", **arrow_kinds())
    for suffix in ("csv", "tsv", "jsonl", "parquet"):
        assert score(handler, given, tmp_path / f"out.{suffix}").scored == 2
    rows = [strict(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["year 10000"] for row in rows] == [
        "10000-01-01T00:00:00.000",
        "1970-01-01T00:00:00",
    ]
    assert rows[0]["year -1200"] == "-1199-02-15T14:13:20.000"
    assert rows[0]["unknown zone"] == "1970-01-01T00:00:00.000001+00:00"
    assert [row["nanoseconds"] for row in rows] == [
        "1970-01-01T00:00:00.000000001",
        "1970-01-01T00:00:00.000002",
    ]
    assert rows[0]["list"] == [1.0, None]
    assert rows[0]["object"] == {"a": None, "b": "/w=="}
    assert rows[1]["map"] == [["a", 1.0], ["a", 2.0]]
    assert rows[0]["object of one name twice"] == [["k", 1], ["k", 1]]
    table = read_rows(tmp_path / "out.csv")
    assert (table[0]["list"], table[1]["half"]) == ("[1.0, null]", "")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_texts_that_are_not_utf8_cost_their_row_alone(
    handler: Handler, tmp_path: Path, suffix: str
) -> None:
    bad = not_utf8()
    inside = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), bad)
    for number, columns in enumerate([{"text": bad}, {"note": bad}, {"note": inside}]):
        given = written(tmp_path / f"given{number}.parquet", **columns)
        totals = score(handler, given, tmp_path / f"out{number}.{suffix}")
        assert (totals.scored, totals.rejected) == (1, 1)
        reject = read_rejects(tmp_path / f"out{number}.{suffix}")[0]
        assert "0xff, is not UTF-8" in reject["reason"]
        assert reject["line"] == 2
        assert "\\\\xff" in json.dumps(reject["content"])


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_half_pairs_and_deep_values_have_a_place(
    tmp_path: Path, handler: Handler, suffix: str
) -> None:
    rows = [
        '{"text": "a\\ud800", "\\ud800k": "\\udc00"}',
        f'{{"text": "b", "x": {"[" * 300}{"]" * 300}}}',
        f'{{"text": "c", "y": {"[" * 40}{"]" * 40}}}',
        '{"text": "d", "z": [NaN]}',
    ]
    (tmp_path / "given.jsonl").write_text("\n".join(rows) + "\n")
    assert score(handler, tmp_path / "given.jsonl", tmp_path / f"out.{suffix}").scored == 3
    reject = read_rejects(tmp_path / f"out.{suffix}")[0]
    assert reject["reason"] == "more than 200 lists and objects in each other"
    if suffix == "jsonl":
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert strict(lines[2])["z"] == [None]
    if suffix == "parquet":
        assert parquet.read_table(tmp_path / "out.parquet").num_rows == 3


@pytest.mark.parametrize("value", ["{}", "[" * 60 + "]" * 60])
def test_what_parquet_cannot_hold_is_said(tmp_path: Path, handler: Handler, value: str) -> None:
    (tmp_path / "given.jsonl").write_text(f'{{"text": "a", "x": {value}}}\n')
    with pytest.raises(InvalidInput, match=r"'x'.*Write \.jsonl instead"):
        score(handler, tmp_path / "given.jsonl", tmp_path / "out.parquet")


def test_names_of_files_may_be_bytes_of_cp949(tmp_path: Path, sample_root: Path) -> None:
    name = os.fsdecode("리뷰".encode("cp949"))
    given = tmp_path / f"{name}.csv"
    given.write_bytes(b"text,x\na,1\nb\n")
    output, page = tmp_path / f"{name}.parquet", tmp_path / "page.html"
    options = ["--fast", "--artifacts", sample_root, "--max-rejects", 1, "--report", page]
    done = run("predict", given, "-o", output, *options)
    assert done.code == 0, done.stderr
    assert read_rejects(output)[0]["input"] == str(given)
    assert b".csv" in page.read_bytes()
    done = run("predict", output, "-o", tmp_path / "out.jsonl", *options[:3], "--prefix", "our_")
    assert done.code == 0, done.stderr


def test_damage_is_told_with_the_file_s_name(tmp_path: Path, sample_root: Path) -> None:
    given = written(tmp_path / "given.parquet")
    content = bytearray(given.read_bytes())
    content[4:30] = b"\xff" * 26
    given.write_bytes(content)
    done = run("predict", "--fast", "--artifacts", sample_root, given, "-o", tmp_path / "o.csv")
    assert done.code == 3
    assert "given.parquet is no Parquet file, or damaged" in done.stderr


def test_rows_are_cut_by_their_bytes_and_go_on_anywhere(tmp_path: Path) -> None:
    texts = ["가" * (300 * (row % 50)) for row in range(3000)] + ["나" * 2_000_000, "끝", None]
    given = written(
        tmp_path / "given.parquet", text=texts, tags=[[row] * (row % 9) for row in range(3003)]
    )
    chunks = chunks_of(given, BEGINNING)
    assert max(len(chunk.content) for chunk in chunks) < 2**20
    assert [chunk.defect for chunk in chunks].count(TOO_LONG) == 1
    for number in (1, len(chunks) // 2, len(chunks) - 1):
        assert chunks_of(given, chunks[number].start) == chunks[number:]
    parsed = [parse_chunk(chunk) for chunk in chunks]
    assert [text for one in parsed for text in one.texts] == [*texts[:3000], "끝"]
    assert [(r.line, r.reason) for one in parsed for r in one.rejects] == [
        (3001, TOO_LONG),
        (3003, MISSING_TEXT),
    ]


def test_rows_are_cut_at_the_same_places_however_few_are_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = pa.array([f"{row % 7}" * 900 for row in range(5000)]).dictionary_encode()
    texts = ["가" * (row % 400) for row in range(5000)]
    given = written(tmp_path / "given.parquet", text=texts, category=category)
    at_once = [(chunk.start, chunk.end) for chunk in chunks_of(given, BEGINNING)]
    assert len(at_once) > 5
    monkeypatch.setattr(RowReader, "_read", failing(RowReader._read, above=40))
    assert [(chunk.start, chunk.end) for chunk in chunks_of(given, BEGINNING)] == at_once


def failing(read: Any, above: int) -> Any:
    """A reader whose memory does not suffice for more rows than that, after the first ones."""

    def read_few(self: RowReader, group: int, rows: int, skipped: int) -> Any:
        for batch in read(self, group, rows, skipped):
            yield batch
            if rows > above:
                raise MemoryError

    return read_few


def chunks_of(path: Path, start: Position) -> list[Chunk]:
    inputs = look_at(find_sources([str(path)]), ReadSettings())
    return list(read_chunks(inputs, start, 2**16))
