"""What people's files hold, after public bug reports: each through the command itself."""

import codecs
import json
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.scoring_files import read_rejects, read_rows

pytestmark = pytest.mark.slow

POSITIVE = ("정말 재밌고 감동적이었어요", "배우들 연기가 훌륭해요", "또 보고 싶네요", "추천합니다")
NEGATIVE = ("지루해서 졸았다", "돈이 아까워요", "각본이 엉망", "기대 이하라 실망")
TEXTS = [(POSITIVE if n % 2 else NEGATIVE)[n // 2 % 4] for n in range(100)]
TEXTS[10], TEXTS[90] = f'"{TEXTS[10]}', f'"{TEXTS[90]}'
STRAY = [f"{n}\t{text}\t{n % 2}" for n, text in enumerate(TEXTS)]

TABLES: dict[str, tuple[bytes, str, list[str]]] = {
    "stray.tsv": (
        "\n".join(["id\tdocument\tlabel", *STRAY, ""]).encode(),
        "document",
        TEXTS,
    ),
    "two-stray.csv": (
        'id,document\n1,좋네요\n2,"별로\n3,그냥\n4,"재관람\n5,돈 아까움\n'.encode(),
        "document",
        ["좋네요", '"별로', "그냥", '"재관람', "돈 아까움"],
    ),
    "ratings.txt": (
        "5\t빠르고 좋아요\n2\t색이 달라요\n1\t바로 고장남\n".encode(),
        "column_2",
        ["빠르고 좋아요", "색이 달라요", "바로 고장남"],
    ),
    "no-header.tsv": (
        "0\t너무 지루\n1\t꿀잼 보장\n0\t환불하고 싶다\n".encode(),
        "column_2",
        ["너무 지루", "꿀잼 보장", "환불하고 싶다"],
    ),
    "commas.txt": (
        "9,연기도 좋고, 음악도 좋다\n1,지루\n8,\n10,최고\n".encode(),
        "column_2",
        ["연기도 좋고, 음악도 좋다", "지루", "", "최고"],
    ),
    "delivery.csv": (
        ',Category,Menu,Review,Date\n0,치킨,"반반,콜라",맛있어요,어제\n1,피자,콤보,식었네요,오늘\n'.encode(),
        "Review",
        ["맛있어요", "식었네요"],
    ),
    "store.csv": (
        "reviewId,userName,content,score\na1,u,자꾸 튕겨요,1\na2,u,편해요,5\n".encode(),
        "content",
        ["자꾸 튕겨요", "편해요"],
    ),
    "spaced.csv": ("id, document ,label\n1,재밌음,1\n".encode(), " document ", ["재밌음"]),
    "korean.csv": ("번호,리뷰,별점\n1,재밌음,5\n".encode(), "리뷰", ["재밌음"]),
    "capital.csv": (
        "Rating,Review\n1,맛있다\n2,그저 그래요\n".encode(),
        "Review",
        ["맛있다", "그저 그래요"],
    ),
    "trailing.csv": ("id,document,,,\r\n1,재밌음,,,\r\n".encode(), "document", ["재밌음"]),
    "sep.csv": (
        codecs.BOM_UTF8 + "sep=;\r\nid;document\r\n1;재밌음, 정말\r\n2;별로\r\n".encode(),
        "document",
        ["재밌음, 정말", "별로"],
    ),
    "semicolon.csv": ("id;document\n1;재밌음, 정말\n".encode(), "document", ["재밌음, 정말"]),
    "bar.csv": ("id|text\n1|재밌음, 정말\n2|별로\n".encode(), "text", ["재밌음, 정말", "별로"]),
    "cr.csv": ("id,document\r1,재밌음\r2,별로\r".encode(), "document", ["재밌음", "별로"]),
    "cr.txt": ("재밌음\r별로\r최고\r".encode(), "text", ["재밌음", "별로", "최고"]),
    "utf16.csv": ("id,document\r\n1,재밌음\r\n".encode("utf-16-le"), "document", ["재밌음"]),
    "nsmc.txt": ("id\tdocument\tlabel\n1\t재밌음\t1\n".encode(), "document", ["재밌음"]),
    "array.json": (
        json.dumps([{"content": "좋아요", "score": 5}], indent=1).encode(),
        "content",
        ["좋아요"],
    ),
    "columns.json": (
        json.dumps({"text": {"0": "좋아요", "1": "최악"}, "n": {"0": 5, "1": 1}}).encode(),
        "text",
        ["좋아요", "최악"],
    ),
    "split.json": (b'{"text": ["a", "b"], "n": [1, 2]}', "text", ["a", "b"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_file_is_read_as_it_is_and_that_is_said(
    sample_root: Path, tmp_path: Path, name: str
) -> None:
    content, column, texts = TABLES[name]
    (tmp_path / name).write_bytes(content)
    done = run("predict", "--fast", "--artifacts", sample_root, tmp_path / name)
    assert done.code == 0, done.stderr
    assert [row[column] for row in done.rows] == texts
    said = done.stderr.splitlines()[0]
    assert said.startswith(f"{tmp_path / name}: ")
    assert repr(column) in said or "a review a line" in said


@pytest.mark.parametrize("name", ["stray.tsv", "korean.csv", "ratings.txt", "cr.csv", "utf16.csv"])
def test_a_pipe_is_read_as_the_file_is(sample_root: Path, tmp_path: Path, name: str) -> None:
    content, column, texts = TABLES[name]
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.jsonl"]
    done = run("predict", "--fast", "-", *options, given=content)
    assert done.code == 0, done.stderr
    assert [row[column] for row in read_rows(tmp_path / "scored.jsonl")] == texts


def test_files_of_a_folder_without_suffixes(sample_root: Path, tmp_path: Path) -> None:
    lines = "".join(f'{{"score": {n}, "text": "리뷰 {n}"}}\n' for n in range(3))
    for name in ("100", "200", ".hidden", "notes.md"):
        (tmp_path / name).write_text(lines, encoding="utf-8")
    options = ["--artifacts", sample_root, "--input-format", "jsonl"]
    assert len(run("predict", "--fast", tmp_path, *options).rows) == 6


def test_half_a_surrogate_pair_goes_to_parquet(sample_root: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    source = tmp_path / "half.jsonl"
    source.write_text(
        '{"text": "재밌음 \\ud83d", "tags": ["\\ud83d"]}\n{"text": "별로", "tags": []}\n'
    )
    output = tmp_path / "scored.parquet"
    assert run("predict", "--fast", "--artifacts", sample_root, source, "-o", output).code == 0
    assert [row["text"] for row in read_rows(output)] == ["재밌음 \ufffd", "별로"]


def test_a_late_key_has_a_column(sample_root: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "late.jsonl", tmp_path / "scored.csv"
    source.write_text('{"text": "재밌음", "n": 3}\n{"text": "별로", "n": 0, "reply": "네"}\n')
    assert run("predict", "--fast", "--artifacts", sample_root, source, "-o", output).code == 0
    assert [row["reply"] for row in read_rows(output)] == ["", "네"]


def test_a_key_that_comes_too_late_is_named(sample_root: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "late.jsonl", tmp_path / "scored.csv"
    source.write_text('{"text": "재밌음"}\n' * 5_000 + '{"text": "별로", "reply": "네"}\n')
    done = run("predict", "--fast", "--artifacts", sample_root, source, "-o", output)
    assert done.code == 3
    assert "line 5001: the key 'reply'" in done.stderr
    assert ".jsonl or .parquet" in done.stderr


REFUSED = {
    "mixed.txt": (
        "9,좋다\n1,별로\n그냥 그래요\n8,굿\n7,음\n".encode(),
        "--input-format txt, or as a table",
    ),
    "both.csv": (b"content,comment\ngood,bad\n", "--column NAME"),
    "texts.tsv": ("재밌어요\t좋아요\n별로예요\t싫어요\n".encode(), "--no-header --column NUMBER"),
    "cp949.csv": ("id,리뷰\n1,재밌음\n".encode("cp949"), "CP949 (리뷰재밌음): if that is right"),
    "page.csv": (b"<!DOCTYPE html><table>", "web page (HTML)"),
    "names.csv": ("번호,메모\n1,재밌음\n".encode(), "it has 번호, 메모"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_read_in_two_ways_is_asked(
    sample_root: Path, tmp_path: Path, name: str
) -> None:
    content, says = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    done = run("predict", "--fast", "--artifacts", sample_root, tmp_path / name)
    assert done.code == 3
    assert says in done.stderr
    assert not done.stdout


OVERRIDDEN = [
    ("mixed.txt", ["--input-format", "txt"], "text", 5),
    ("mixed.txt", ["--delimiter", ",", "--no-header", "--column", "2"], "column_2", 4),
    ("both.csv", ["--column", "comment"], "comment", 1),
    ("both.csv", ["--column", "2"], "comment", 1),
    ("texts.tsv", ["--no-header", "--column", "1"], "column_1", 2),
    ("cp949.csv", ["--encoding", "MS949"], "리뷰", 1),
    ("cp949.csv", ["--encoding", "euc-kr"], "리뷰", 1),
    ("names.csv", ["--column", "메모"], "메모", 1),
]


@pytest.mark.parametrize(("name", "options", "column", "scored"), OVERRIDDEN)
def test_options_decide(
    sample_root: Path, tmp_path: Path, name: str, options: list[str], column: str, scored: int
) -> None:
    (tmp_path / name).write_bytes(REFUSED[name][0])
    output = tmp_path / "scored.jsonl"
    arguments = ["--artifacts", sample_root, tmp_path / name, "-o", output, *options]
    done = run("predict", "--fast", "--max-rejects", 1, *arguments)
    assert done.code == 0, done.stderr
    rows = read_rows(output)
    assert len(rows) == scored
    assert all(row[column] for row in rows)


def test_quoting_is_overridden(sample_root: Path, tmp_path: Path) -> None:
    """Lines of a review that look like rows are rows, unless the user knows better."""
    source = tmp_path / "memo.csv"
    source.write_text('id,document\n1,"첫 줄\n2,둘째 줄"\n3,끝\n', encoding="utf-8")
    options = ["predict", "--fast", "--artifacts", sample_root, source, "--quoting"]
    assert [row["document"] for row in run(*options, "auto").rows] == ['"첫 줄', '둘째 줄"', "끝"]
    assert [row["document"] for row in run(*options, "csv").rows] == ["첫 줄\n2,둘째 줄", "끝"]
    assert [row["document"] for row in run(*options, "none").rows] == ['"첫 줄', '둘째 줄"', "끝"]


def test_a_row_too_many_is_a_reject_not_a_loss(sample_root: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "more.csv", tmp_path / "scored.csv"
    source.write_text("id,document\n1,좋다\n2,별로, 정말\n", encoding="utf-8")
    done = run("predict", "--fast", "--artifacts", sample_root, source, "-o", output)
    assert done.code == 3
    assert read_rejects(output)[0]["content"] == "2,별로, 정말\n"
