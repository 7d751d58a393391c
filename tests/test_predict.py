"""`sentiment predict` over files: every column, every row, in order."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.batch.readers import Source
from pipeline.batch.scoring import ROWS_AT_A_TIME, score_files
from pipeline.handlers.base import Handler
from tests.conftest import SAMPLE, Invoke

TEXTS = ["정말 재밌다, 최고!", 'He said "굿"', "두 줄\n리뷰", " 빈칸 ", "ㅋㅋ\r\nㅠㅠ"]


def read_table(path: Path, delimiter: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def write_table(path: Path, delimiter: str) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow(["번호", "review", "note"])
        rows.writerows([number, text, f"note {number}"] for number, text in enumerate(TEXTS))


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables_keep_every_column_and_row(
    handler: Handler, tmp_path: Path, suffix: str, delimiter: str
) -> None:
    given, scored = tmp_path / f"given.{suffix}", tmp_path / f"scored.{suffix}"
    write_table(given, delimiter)
    assert score_files(handler, [Source(str(given))], scored) == len(TEXTS)
    rows = read_table(scored, delimiter)
    assert [row["review"] for row in rows] == TEXTS
    assert [row["note"] for row in rows] == [f"note {number}" for number in range(len(TEXTS))]
    assert [float(row["confidence"]) for row in rows] == [
        p.confidence for p in handler.handle(TEXTS)
    ]


def test_jsonl_keeps_types(handler: Handler, tmp_path: Path) -> None:
    given, scored = tmp_path / "given.jsonl", tmp_path / "scored.jsonl"
    records = [{"text": text, "n": 1.5, "tags": ["a", None]} for text in TEXTS]
    given.write_text(
        "".join(f"{json.dumps(r, ensure_ascii=False)}\n" for r in records), encoding="utf-8"
    )
    score_files(handler, [Source(str(given))], scored)
    rows = [json.loads(line) for line in scored.read_bytes().split(b"\n")[:-1]]
    assert [{key: row[key] for key in ("text", "n", "tags")} for row in rows] == records
    assert [row["predicted_label"] for row in rows] == [p.label for p in handler.handle(TEXTS)]


def test_txt_is_a_review_a_line(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_bytes("굿\r\n\n\u2028최고\x85\n끝".encode())
    score_files(handler, [Source(str(tmp_path / "given.txt"))], tmp_path / "scored.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_bytes().split(b"\n")[:-1]]
    assert [row["text"] for row in rows] == ["굿", "", "\u2028최고\x85", "끝"]


def test_many_chunks_and_files_keep_their_order(handler: Handler, tmp_path: Path) -> None:
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    numbers = iter(range(10**6))
    for path, rows in zip(paths, (ROWS_AT_A_TIME + 5, 7), strict=True):
        path.write_text("".join(f"리뷰 {next(numbers)}\n" for _ in range(rows)), encoding="utf-8")
    total = score_files(handler, [Source(str(path)) for path in paths], tmp_path / "scored.csv")
    rows = read_table(tmp_path / "scored.csv", ",")
    assert total == len(rows) == ROWS_AT_A_TIME + 12
    assert [row["text"] for row in rows] == [f"리뷰 {number}" for number in range(total)]


def test_standard_input_to_standard_output(
    invoke: Invoke, sample_root: Path, handler: Handler
) -> None:
    result = invoke("predict", "--fast", "-", "--artifacts", sample_root, input="굿\n별로\n")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["confidence"] for row in rows] == [
        p.confidence for p in handler.handle(["굿", "별로"])
    ]
    assert "2 reviews scored" in result.stderr


def test_korean_excel(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "excel.csv").write_bytes("document\r\n정말 재밌다\r\n".encode("cp949"))
    options = ["--encoding", "cp949", "--artifacts", sample_root, "-o", tmp_path / "scored.csv"]
    assert invoke("predict", "--fast", tmp_path / "excel.csv", *options).exit_code == 0
    assert read_table(tmp_path / "scored.csv", ",")[0]["document"] == "정말 재밌다"


def test_prefix_renames_ours(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.csv"]
    invoke("predict", "--fast", SAMPLE, *options)
    options = ["--artifacts", sample_root, "--prefix", "my_", "-o", tmp_path / "again.csv"]
    assert invoke("predict", "--fast", tmp_path / "scored.csv", *options).exit_code == 0
    row = read_table(tmp_path / "again.csv", ",")[0]
    assert row["my_predicted_label"] == row["predicted_label"]
    assert row["my_confidence"] == row["confidence"]


def test_an_existing_output_stays_when_the_input_is_bad(
    invoke: Invoke, sample_root: Path, tmp_path: Path
) -> None:
    (tmp_path / "scored.csv").write_text("precious")
    (tmp_path / "bad.csv").write_text("document\ngood\n1,2,3\n")
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.csv"]
    assert invoke("predict", "--fast", tmp_path / "bad.csv", *options).exit_code == 3
    assert (tmp_path / "scored.csv").read_text() == "precious"


def test_texts_answer_as_http_does(invoke: Invoke, sample_root: Path, handler: Handler) -> None:
    result = invoke("predict", "--fast", "--text", " 굿\n", "--artifacts", sample_root)
    assert json.loads(result.stdout) == handler.handle([" 굿\n"])[0]._asdict()
