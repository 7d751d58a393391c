"""Tables that programs write in any dialect are read back row for row, however they are cut."""

import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import look_at, read_chunks
from pipeline.files.sources import Source, find_sources

TEXTS = (
    *("좋아요", "10점, 최고", "a\tb", "x;y", "p|q", "5,", "", "  ", "1", "3,보통", "😀"),
    *('그는 "와" 했다', '"', '""', '"시작', '끝"', '"전부"', '"a", "b"'),
    *("첫 줄\n둘째 줄", "네\n\n\n빈", "줄\r\n줄", "장점: 좋다\n총평, 굿", '"인용",\n3,보통\n끝'),
    *("첫 줄\n2,둘째 줄", "1,좋다\n2,나쁘다\n3,보통\n4,음", "1\t좋다\t0\n2\t나쁨\t1\n0;1"),
)
HEADERS = (
    ("text",),
    *(("id", "document", "label"), ("label", "text"), ("text", "label"), ("document", "x")),
    ("no", "id", "user", "review", "date", "score"),
)
FIRST = "좋아요, 정말", '그는 "와" 했다'
"""Texts that a program quotes, by which its dialect is known."""


def read(path: Path, size: int, read_settings: ReadSettings) -> tuple[list[list[str]], list[Any]]:
    """All rows and rejects of a file."""
    rows: list[list[str]] = []
    rejects: list[Any] = []
    inputs = look_at([Source.named(str(path))], read_settings)
    for chunk in read_chunks(inputs, BEGINNING, size):
        parsed = parse_chunk(chunk)
        rows += [list(row) for row in parsed.records.rows()]
        rejects += parsed.rejects
    return rows, rejects


def check(
    path: Path, rows: list[list[str]], size: int = 2**20, read_settings: ReadSettings | None = None
) -> None:
    assert read(path, size, read_settings or ReadSettings()) == (rows, [])


def table(choose: random.Random, number: int) -> tuple[tuple[str, ...], list[list[str]]]:
    """A header, and rows of which the first hold what must be quoted."""
    header = choose.choice(HEADERS)
    rows = []
    for row in range(number):
        text = " ".join(choose.choices(TEXTS, k=choose.choice((1, 1, 1, 4))))
        values = {
            **dict.fromkeys(("id", "no"), str(row)),
            "label": str(row % 2),
            "user": choose.choice(("kim", "lee, j", '박"문수')),
            "date": "2020-01-02",
            "score": choose.choice(("1", "4.5", "")),
        }
        text = FIRST[row] if row < len(FIRST) else text
        rows.append([values.get(name, text) for name in header])
    return header, rows


def written(header: tuple[str, ...], rows: list[list[str]], **dialect: Any) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, **dialect).writerows([header, *rows])
    return stream.getvalue()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 60),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp949"]),
    st.sampled_from([40, 1000, 2**20]),
)
def test_tables_of_the_csv_module(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    number: int,
    delimiter: str,
    quoting: Any,
    end: str,
    encoding: str,
    size: int,
) -> None:
    choose = random.Random(seed)
    header, rows = table(choose, number)
    if len(header) == 1:
        delimiter = ","
    if encoding == "cp949":
        rows = [[cell.replace("😀", "ㅎㅎ") for cell in row] for row in rows]
    if end == "\r":  # a return in a field would end a line, and a line feed is not quoted
        rows = [[cell.replace("\r", "").replace("\n", " ") for cell in row] for row in rows]
    content = written(header, rows, delimiter=delimiter, quoting=quoting, lineterminator=end)
    if rows and choose.random() < 0.3:
        content = content.removesuffix(end)
    suffixes = ("csv",) if delimiter != "\t" else ("csv", "tsv")
    is_plain = rows and len(header) > 1
    suffix = choose.choice((*suffixes, "txt") if is_plain else suffixes)
    path = tmp_path_factory.getbasetemp() / f"written.{suffix}"
    path.write_bytes(content.encode(encoding))
    given_encoding = encoding if encoding == "cp949" else None
    check(path, rows, size, ReadSettings(encoding=given_encoding))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 60), st.sampled_from([40, 2**20]))
def test_tables_of_pandas(
    tmp_path_factory: pytest.TempPathFactory, seed: int, number: int, size: int
) -> None:
    pandas = pytest.importorskip("pandas")
    header, rows = table(random.Random(seed), number)
    frame = pandas.DataFrame(rows, columns=list(header))
    root = tmp_path_factory.getbasetemp()
    frame.to_csv(root / "frame.csv", index=False)
    frame.to_csv(root / "frame.tsv.gz", index=False, sep="\t")
    check(root / "frame.csv", rows, size)
    check(root / "frame.tsv.gz", rows, size)
    frame.to_csv(root / "index.csv")
    check(root / "index.csv", [[str(n), *row] for n, row in enumerate(rows)], size)
    for orient in ("records", "columns"):
        frame.to_json(root / "frame.json", orient=orient, force_ascii=False)
        check(root / "frame.json", rows, size)
    frame.to_json(root / "frame.jsonl", orient="records", lines=True)
    check(root / "frame.jsonl", rows, size)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.sampled_from([40, 2**20]))
def test_workbooks(
    tmp_path_factory: pytest.TempPathFactory, seed: int, number: int, size: int
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    header, rows = table(random.Random(seed), number)
    rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    path = tmp_path_factory.getbasetemp() / "book.xlsx"
    book.save(path)
    check(path, [row for row in rows if any(row)], size)


ATOMS = ('"', ",", "\n", "\r\n", "3,보통\n", '"줄\n3,보통"', '1,"x\n', '5,"끝"\n', "a", "5")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["id,text\n", "text\n", '"id","text"\n"1","a, b"\n']),
    st.lists(st.sampled_from(ATOMS), max_size=40),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_where_chunks_are_cut_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, head: str, atoms: list[str], encoding: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes((head + "".join(atoms)).encode(encoding))
    whole = read(path, 2**20, ReadSettings())
    assert all(read(path, size, ReadSettings()) == whole for size in (2, 30))


def test_what_is_in_quotes_says_nothing_of_the_table(tmp_path: Path) -> None:
    """Not even in a file whose name does not tell that it is a table."""
    rows = [[str(n), "장점: 좋다\n단점: 비싸다\n\n총평, 굿"] for n in range(10)]
    path = tmp_path / "memo.txt"
    path.write_text(written(("id", "content"), rows), encoding="utf-8", newline="")
    check(path, rows)


def test_lone_returns_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "mac.txt"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_bytes("id|document\r1|좋다\r2|별로\r".encode(encoding))
        check(path, [["1", "좋다"], ["2", "별로"]], 6)


def test_lone_returns_around_line_feeds_in_quotes(tmp_path: Path) -> None:
    path = tmp_path / "mac.csv"
    path.write_bytes('id,document\r1,"첫 줄\n둘째 줄"\r2,별로\r'.encode())
    check(path, [["1", "첫 줄\n둘째 줄"], ["2", "별로"]])


@pytest.mark.parametrize(
    "content",
    [
        'id,text\n1,"a, b"\n2,"첫 줄\n3,보통"\n',  # quotes where they must be
        '"id","text"\n"1","좋다"\n"2","첫 줄\n3,보통"\n',  # quotes everywhere
        'id,text\n1,좋다\n2,"첫 줄\n3,보통\n끝"\n',  # the last line is no row
        'text\n"a, b"\n"' + "줄\n" * 300 + '"\n',  # longer than a review mostly is
    ],
)
def test_quoted_lines_that_look_like_rows(tmp_path: Path, content: str) -> None:
    path = tmp_path / "memo.csv"
    path.write_text(content, encoding="utf-8")
    check(path, list(csv.reader(io.StringIO(content, newline="")))[1:], 30)


def test_blank_files_hold_nothing(tmp_path: Path) -> None:
    for content in (b"\n\n \n", b"\t", b"sep=;\r\n"):
        (tmp_path / "blank.csv").write_bytes(content)
        check(tmp_path / "blank.csv", [])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\n" * 2**17 + b"id,text\n1,a\n", "nothing but blank lines"),
        (b"text," + b"x" * 2**21 + b"\na,1\n", "the header is too long"),
        (b'id,"text\n' + b"1,a\n" * 2**15, "the header is too long"),
    ],
)
def test_a_beginning_that_says_nothing_is_refused(
    tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "odd.csv").write_bytes(content)
    with pytest.raises(InvalidInput, match=says):
        read(tmp_path / "odd.csv", 2**20, ReadSettings())


def test_utf_32_is_known_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_bytes("id,text\n1,좋다\n".encode("utf-32"))
    check(tmp_path / "wide.csv", [["1", "좋다"]])


@pytest.mark.parametrize("codec", ["idna", "rot13", "undefined", "hex"])
def test_codecs_that_decode_no_files(tmp_path: Path, codec: str) -> None:
    (tmp_path / "odd.csv").write_bytes(b"text\na\n")
    with pytest.raises(InvalidInput, match="No encoding is called"):
        read(tmp_path / "odd.csv", 2**20, ReadSettings(encoding=codec))


def test_prices_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "prices.txt"
    path.write_text("1,000원 아깝다\n2,000원도 아깝다\n", encoding="utf-8")
    check(path, [["1,000원 아깝다"], ["2,000원도 아깝다"]])


def test_a_line_that_is_too_long_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_bytes(b"id,text\n1," + "가".encode() * 2**21 + b"\n2,b\n")
    rows, rejects = read(tmp_path / "long.csv", 2**20, ReadSettings())
    assert rows == [["2", "b"]]
    assert [reject.reason for reject in rejects] == ["longer than 4 MiB"]


def test_cells_decide_nothing_of_a_workbook(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book, path = openpyxl.Workbook(), tmp_path / "book.xlsx"
    for row in (["리뷰;요약", "n|m"], ["a;b", "1"], ["c;d", "2"]):
        book.active.append(row)
    book.save(path)
    check(path, [["a;b", "1"], ["c;d", "2"]], read_settings=ReadSettings(column="1"))
    with pytest.raises(InvalidInput, match="--column NAME"):
        read(path, 2**20, ReadSettings())
    with pytest.raises(InvalidInput, match="is a spreadsheet, so --delimiter"):
        read(path, 2**20, ReadSettings(delimiter=";"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_reading_of_lone_returns_goes_on_anywhere(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "mac.txt"
    rows = "".join(f"{number}|{'좋다' * 9}\r" for number in range(3_000))
    path.write_bytes(f"id|document\r{rows}".encode(encoding))
    inputs = look_at(find_sources([str(path)]), ReadSettings())
    chunks = list(read_chunks(inputs, BEGINNING, 50_000))
    behind = list(read_chunks(inputs, chunks[1].end, 50_000))
    assert [chunk.content for chunk in behind] == [chunk.content for chunk in chunks[2:]] != []
