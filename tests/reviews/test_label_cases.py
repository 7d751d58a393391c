"""Labelled data as people have it, trained on and evaluated through the command itself."""

from pathlib import Path

import pytest

from tests.support.command import run

pytestmark = pytest.mark.slow

GOOD, BAD = ("정말 재밌어요", "훌륭한 연기", "추천해요"), ("지루했다", "돈 아깝다", "엉망이다")
REVIEWS = [(f"{(GOOD if n % 2 else BAD)[n % 3]} {n}", n % 2) for n in range(120)]


def table(labels: tuple[str, str], header: str = "id\tdocument\tlabel", every: str = "") -> str:
    """NSMC's columns, with these words for negative and positive; each 30th row has another."""
    rows = [
        f"{n}\t{text}\t{every if every and n % 30 == 0 else labels[label]}\n"
        for n, (text, label) in enumerate(REVIEWS)
    ]
    return f"{header}\n{''.join(rows)}"


def train(tmp_path: Path, name: str, content: bytes, *options: object) -> tuple[int, str]:
    (tmp_path / name).write_bytes(content)
    arguments = ["--data", tmp_path / name, "--artifacts", tmp_path / "artifacts", *options]
    done = run("train", *arguments)
    return done.code, done.stderr + done.stdout.decode()


@pytest.mark.parametrize(
    "labels",
    [("0.0", "1.0"), ("부정", "긍정"), ("neg", "pos"), ("Negative", "POSITIVE"), ("False", "True")],
)
def test_labels_that_are_understood(tmp_path: Path, labels: tuple[str, str]) -> None:
    code, said = train(tmp_path, "words.tsv", table(labels).encode())
    assert code == 0, said
    assert "120 reviews, 60 positive, 60 negative, labels in column 'label'" in said
    assert "accuracy" in said


def test_rows_of_neither_label_are_counted(tmp_path: Path) -> None:
    code, said = train(tmp_path, "three.tsv", table(("0", "1"), every="2").encode())
    assert code == 0, said
    assert "left out by label: 2 (4 rows)" in said


STARS = table(("1", "5"), "번호\t리뷰\t별점", every="3").replace("\t", ",").encode()


def test_stars_are_asked_about(tmp_path: Path) -> None:
    code, said = train(tmp_path, "stars.csv", STARS)
    assert code == 3
    assert "--rating-scale 5" in said


@pytest.mark.parametrize(
    "options", [("--rating-scale", 5), ("--labels", "positive=5,4 negative=1,2")]
)
def test_stars(tmp_path: Path, options: tuple[object, ...]) -> None:
    code, said = train(tmp_path, "stars.csv", STARS, *options)
    assert code == 0, said
    assert "left out by label: 3 (4 rows)" in said


def test_encoding_and_columns_are_named(tmp_path: Path) -> None:
    content = table(("0", "1"), "번호\t평\t종류").encode("cp949")
    code, said = train(tmp_path, "given.tsv", content)
    assert (code, "--encoding cp949" in said) == (3, True)
    named = ["--encoding", "cp949", "--column", "평", "--label-column", 3]
    assert train(tmp_path, "given.tsv", content, *named)[0] == 0


def test_a_test_file_is_measured_on(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"text": "추천해요", "label": "긍정"}\n' * 7)
    content = table(("0", "1")).encode()
    code, said = train(tmp_path, "train.tsv", content, "--test", tmp_path / "test.jsonl")
    assert code == 0, said
    assert "(7 reviews)" in said


@pytest.mark.parametrize("text", [" ", "같은 리뷰"])
def test_one_text_is_not_enough(tmp_path: Path, text: str) -> None:
    rows = "".join(f"{n}\t{text}\t{n % 2}\n" for n in range(100))
    code, said = train(tmp_path, "same.tsv", f"id\tdocument\tlabel\n{rows}".encode())
    assert (code, "the same text" in said) == (3, True)


def test_evaluate_reads_what_train_reads(sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "stars.csv").write_bytes(STARS)
    options = ["--artifacts", sample_root, "--data", tmp_path / "stars.csv", "--rating-scale", 5]
    done = run("evaluate", "--fast", *options)
    assert done.code == 0, done.stderr
    assert "(116 reviews)" in done.stdout.decode()


def test_unknown_labels_are_named_with_their_counts(tmp_path: Path) -> None:
    code, said = train(tmp_path, "others.tsv", table(("나쁨", "좋음")).encode())
    assert code == 3
    assert "'나쁨' (60 rows), '좋음' (60 rows)" in said


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    code, said = train(tmp_path, "broken.tsv", b"document\tlabel\ngood\t1\nbad\n")
    assert (code, "line 3, byte 22: 1 fields" in said) == (3, True)
