"""`sentiment predict` over files: every column, every row, in order."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.batch.output import cells
from pipeline.batch.output.cells import defused
from pipeline.batch.scoring import CHUNK_BYTES
from pipeline.errors import InvalidInput
from pipeline.handlers.base import Handler
from tests.support.paths import SAMPLE, Invoke
from tests.support.scoring_files import (
    COMPRESS,
    DECOMPRESS,
    TEXTS,
    read_rejects,
    read_rows,
    score,
    write_jsonl,
    write_table,
)


def answers(handler: Handler, texts: list[str] = TEXTS) -> list[tuple[str, float]]:
    return [(p.label, p.confidence) for p in handler.handle(texts)]


def answered(rows: list[dict[str, object]]) -> list[tuple[object, float]]:
    return [(row["predicted_label"], float(str(row["confidence"]))) for row in rows]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize("scored_suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_tables_keep_every_column_and_row(
    handler: Handler, tmp_path: Path, suffix: str, scored_suffix: str
) -> None:
    given, scored = write_table(tmp_path / f"given.{suffix}"), tmp_path / f"out.{scored_suffix}"
    assert score(handler, given, scored).scored == len(TEXTS)
    rows = read_rows(scored)
    assert [row["review"] for row in rows] == TEXTS
    assert [row["note"] for row in rows] == [f"note {number}" for number in range(len(TEXTS))]
    assert answered(rows) == answers(handler)


@pytest.mark.parametrize("scored_suffix", ["jsonl", "parquet"])
def test_jsonl_keeps_types(handler: Handler, tmp_path: Path, scored_suffix: str) -> None:
    given, scored = write_jsonl(tmp_path / "given.jsonl"), tmp_path / f"scored.{scored_suffix}"
    score(handler, given, scored)
    rows = read_rows(scored)
    assert [row["text"] for row in rows] == TEXTS
    assert all((row["n"], row["tags"]) == (1.5, ["a", None]) for row in rows)
    assert answered(rows) == answers(handler)


def test_jsonl_lines_stay_as_they_are(handler: Handler, tmp_path: Path) -> None:
    line = '{"id": 12345678901234567890123, "x":1.10, "e": 1e400, "text" : "\\uad73 %s"} \r\n'
    (tmp_path / "given.jsonl").write_text(line, encoding="utf-8")
    score(handler, tmp_path / "given.jsonl", tmp_path / "scored.jsonl")
    scored = (tmp_path / "scored.jsonl").read_text(encoding="utf-8")
    assert scored.startswith(line.rstrip()[:-1] + ', "predicted_label": "')
    assert answered(read_rows(tmp_path / "scored.jsonl")) == answers(handler, ["굳 %s"])


def test_values_of_jsonl_in_a_table(handler: Handler, tmp_path: Path) -> None:
    record = {"text": "굿", "none": None, "yes": True, "n": 1.5, "list": ["가", 1]}
    (tmp_path / "given.jsonl").write_text(json.dumps(record), encoding="utf-8")
    score(handler, tmp_path / "given.jsonl", tmp_path / "scored.csv")
    row = read_rows(tmp_path / "scored.csv")[0]
    assert list(row.values())[:-2] == ["굿", "", "true", "1.5", '["가", 1]']


def test_txt_is_a_review_a_line(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_bytes("굿\r\n\n\u2028최고\x85\n끝".encode())
    score(handler, tmp_path / "given.txt", tmp_path / "scored.jsonl")
    rows = read_rows(tmp_path / "scored.jsonl")
    assert [row["text"] for row in rows] == ["굿", "", "\u2028최고\x85", "끝"]


@pytest.mark.parametrize("scored_suffix", ["parquet", "jsonl", "csv"])
def test_parquet_keeps_types(handler: Handler, tmp_path: Path, scored_suffix: str) -> None:
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet")
    columns = {
        "document": pa.array(TEXTS).dictionary_encode(),
        "when": pa.array(range(len(TEXTS)), pa.timestamp("ms")),
        "bytes": pa.array([b"\xff"] * len(TEXTS)),
        "nan": pa.array([float("nan")] * len(TEXTS)),
        "n": pa.array([*range(len(TEXTS) - 1), None], pa.int8()),
        "nested": pa.array([{"a": [1, 2]}] * len(TEXTS)),
    }
    pa.parquet.write_table(pa.table(columns), tmp_path / "given.parquet", row_group_size=3)
    score(handler, tmp_path / "given.parquet", tmp_path / f"scored.{scored_suffix}")
    rows = read_rows(tmp_path / f"scored.{scored_suffix}")
    assert [row["document"] for row in rows] == TEXTS
    assert answered(rows) == answers(handler)
    if scored_suffix == "parquet":
        schema = pa.parquet.read_schema(tmp_path / "scored.parquet")
        assert schema.names == [*columns, "predicted_label", "confidence"]
        assert [schema.field(name).type for name in columns] == [c.type for c in columns.values()]
    elif scored_suffix == "jsonl":
        assert rows[1]["when"] == "1970-01-01T00:00:00.001000"
        assert rows[1]["nan"] is None
        assert rows[1]["bytes"] == "/w=="
    else:
        assert rows[1]["nested"] == '{"a": [1, 2]}'
        assert rows[-1]["n"] == ""


def test_columns_of_jsonl_that_are_no_table(handler: Handler, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    lines = ['{"text": "굿", "n": 1}', '{"text": "굿", "m": null}', '{"n": 1.5, "text": "굿"}']
    (tmp_path / "given.jsonl").write_text("\n".join(lines), encoding="utf-8")
    score(handler, tmp_path / "given.jsonl", tmp_path / "scored.parquet")
    rows = read_rows(tmp_path / "scored.parquet")
    assert [(row["n"], row["m"]) for row in rows] == [(1.0, None), (None, None), (1.5, None)]


@pytest.mark.parametrize("given", COMPRESS)
@pytest.mark.parametrize("scored", ["csv", "jsonl"])
def test_compressed_files(handler: Handler, tmp_path: Path, given: str, scored: str) -> None:
    content = write_table(tmp_path / "plain.csv").read_bytes()
    (tmp_path / f"given.csv{given}").write_bytes(COMPRESS[given](content))
    score(handler, tmp_path / "plain.csv", tmp_path / f"plain.{scored}.out.{scored}")
    score(handler, tmp_path / f"given.csv{given}", tmp_path / f"scored.{scored}{given}")
    compressed = (tmp_path / f"scored.{scored}{given}").read_bytes()
    assert DECOMPRESS[given](compressed) == (tmp_path / f"plain.{scored}.out.{scored}").read_bytes()


def test_many_chunks_and_files_keep_their_order(handler: Handler, tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    rows = CHUNK_BYTES["fast"] // 8
    numbers = iter(range(10**6))
    for path, count in zip(paths, (rows, 7), strict=True):
        path.write_text("".join(f"리뷰 {next(numbers)}\n" for _ in range(count)), encoding="utf-8")
    totals = score(handler, [tmp_path / "*.txt"], tmp_path / "scored.csv")
    scored = read_rows(tmp_path / "scored.csv")
    assert totals.rows == len(scored) == rows + 7
    assert [row["text"] for row in scored] == [f"리뷰 {number}" for number in range(rows + 7)]


def test_a_folder_is_its_files(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("b.csv", "a.csv", ".hidden.csv", "readme.md", "a.csv.rejects.jsonl"):
        (tmp_path / "in" / name).write_text(f"text\n{name}\n", encoding="utf-8")
    score(handler, tmp_path / "in", tmp_path / "scored.csv")
    assert [row["text"] for row in read_rows(tmp_path / "scored.csv")] == ["a.csv", "b.csv"]


def test_folders_that_are_no_files(handler: Handler, tmp_path: Path) -> None:
    given = write_table(tmp_path / "given.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidInput, match="no files of reviews in it"):
        score(handler, tmp_path / "folder.csv", tmp_path / "scored.csv")
    with pytest.raises(InvalidInput, match="is a folder"):
        score(handler, given, tmp_path / "folder.csv")


def test_probabilities(handler: Handler, tmp_path: Path) -> None:
    given = write_table(tmp_path / "given.csv")
    score(handler, given, tmp_path / "scored.csv", probabilities=True, prefix="p%_")
    for row in read_rows(tmp_path / "scored.csv"):
        negative, positive = (
            float(row[f"p%_probability_{label}"]) for label in ("negative", "positive")
        )
        assert negative + positive == pytest.approx(1)
        assert float(row["p%_confidence"]) == max(negative, positive)
        assert (row["p%_predicted_label"] == "positive") == (positive > negative)


def test_excel(handler: Handler, tmp_path: Path) -> None:
    texts = ["=cmd()", "+82 10", "-1.5", "@x", "\t=1", "좋다", "-_-", "＝1"]
    given = write_table(tmp_path / "given.csv", texts)
    score(handler, given, tmp_path / "scored.csv", excel=True)
    content = (tmp_path / "scored.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in content.replace(b"\r\n", b"")
    cells = [line.split(",")[1] for line in content.decode("utf-8-sig").split("\r\n")[1:-1]]
    wanted = ["'=cmd()", "'+82 10", "-1.5", "'@x", "'\t=1", "좋다", "'-_-", "'＝1"]
    assert cells == [f'"{cell}"' for cell in wanted]


@pytest.mark.parametrize(
    "hidden_by", ["", "\n", "\0", " ", "\r\n", "\ufeff", "\xa0\u200b", "\u3164"]
)
def test_nothing_hides_a_formula(hidden_by: str) -> None:
    row = [f"{hidden_by}{sign}1+1" for sign in "=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻−"]
    assert defused(row) == [f"'{cell}" for cell in row]


def test_what_is_no_formula_is_left_alone() -> None:
    row = ["-1", "+1,5", "-2e-3", "", " ", "\0", "ㅋㅋ=1", " 굿-", 0.5]
    assert defused(row) == row


def test_no_other_delimiter_parts_a_cell() -> None:
    assert read_csv(["a;=1+1", 0.5], ";") == [["a;=1+1,0.5"]]


def read_csv(row: list[object], delimiter: str) -> list[list[str]]:
    return list(csv.reader([cells.write_table([row], ",", excel=True)], delimiter=delimiter))


def test_empty_texts_get_the_answer_of_no_evidence(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "given.csv").write_text('id,text\n1,\n2," "\n3,\u200b\n', encoding="utf-8")
    score(handler, tmp_path / "given.csv", tmp_path / "scored.csv")
    assert answered(read_rows(tmp_path / "scored.csv")) == answers(handler, [""]) * 3


def test_standard_input_to_standard_output(
    invoke: Invoke, sample_root: Path, handler: Handler
) -> None:
    result = invoke("predict", "--fast", "-", "--artifacts", sample_root, input="굿\n별로\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert answered(rows) == answers(handler, ["굿", "별로"])
    assert "2 rows in = 2 scored + 0 rejected" in result.stderr


def test_rejects_of_standard_input_are_told(invoke: Invoke, sample_root: Path) -> None:
    options = ["--artifacts", sample_root, "--input-format", "jsonl", "-q"]
    result = invoke("predict", "--fast", "-", *options, input='{"text": "굿"}\n{\n')
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 1
    assert json.loads(result.stderr.splitlines()[0])["line"] == 2


def test_prefix_renames_ours(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.csv"]
    invoke("predict", "--fast", SAMPLE, *options)
    options = ["--artifacts", sample_root, "--prefix", "my_", "-o", tmp_path / "again.csv"]
    assert invoke("predict", "--fast", tmp_path / "scored.csv", *options).exit_code == 0
    row = read_rows(tmp_path / "again.csv")[0]
    assert row["my_predicted_label"] == row["predicted_label"]
    assert row["my_confidence"] == row["confidence"]


def test_all_other_rows_are_written_before_it_ends_with_3(
    invoke: Invoke, sample_root: Path, tmp_path: Path
) -> None:
    given, scored = tmp_path / "bad.csv", tmp_path / "scored.csv"
    given.write_text("document,id\ngood,1\n1,2,3\nfine,2\n")
    options = ["--artifacts", sample_root, "-o", scored]
    result = invoke("predict", "--fast", given, *options)
    assert result.exit_code == 3
    assert "1 of 3 rows could not be read" in result.stderr
    assert f"{given}, line 3, byte 19: 3 fields where the header has 2" in result.stderr
    assert [row["document"] for row in read_rows(scored)] == ["good", "fine"]
    assert [reject["content"] for reject in read_rejects(scored)] == ["1,2,3\n"]
    assert invoke("predict", "--fast", given, *options, "--max-rejects", 1).exit_code == 0
    given.write_text("document\ngood\n")
    assert invoke("predict", "--fast", given, *options).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "scored.csv"]


def test_texts_answer_as_http_does(invoke: Invoke, sample_root: Path, handler: Handler) -> None:
    result = invoke("predict", "--fast", "--text", " 굿\n", "--artifacts", sample_root)
    assert json.loads(result.stdout) == handler.handle([" 굿\n"])[0]._asdict()
