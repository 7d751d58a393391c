"""Rows that cannot be read, and encodings: on real files, each with its line, byte and reason."""

import json
from pathlib import Path

import pytest

from pipeline.batch.scoring import CHUNK_BYTES
from pipeline.errors import InvalidInput
from pipeline.files.chunks import LARGEST_RECORD
from pipeline.handlers.base import Handler
from tests.support.scoring_files import TEXTS, read_rejects, read_rows, score, write_table

CASES = {
    "utf8.txt": (b"good\nbad \xb0\xb0\nfine\n", 2, 5, "byte 5 of the row, 0xb0, is not UTF-8"),
    "utf8.csv": (b'text,n\ngood,1\n"two\nlines \xff",2\nfine,3\n', 3, 14, "0xff, is not UTF-8"),
    "utf8.jsonl": (b'{"text": "good"}\n{"text": "\xff"}\n{"text": "fine"}\n', 2, 17, "not UTF-8"),
    "fields.tsv": (b"id\ttext\n1\tgood\n2\n3\tfine\n", 3, 15, "1 fields where the header has 2"),
    "more.csv": (b"id,text\n1,good\n\n2,3,4\n3,fine\n", 4, 16, "3 fields where the header has 2"),
    "object.jsonl": (b'{"text": "good"}\n["bad"]\n\n{"text": "fine"}', 2, 17, "no JSON object"),
    "json.jsonl": (b'{"text": "good"}\n{"text": \n{"text": "fine"}', 2, 17, "no JSON object"),
    "key.jsonl": (
        b'{"text": "good"}\n{"txt": "bad"}\n{"text": "fine"}',
        2,
        17,
        "no text",
    ),
    "null.jsonl": (
        b'{"text": "good"}\n{"text": null}\n{"text": "fine"}',
        2,
        17,
        "is missing (null)",
    ),
    "deep.jsonl": (
        b'{"text": "good"}\n{"text": ' + b"[" * 99_999 + b'\n{"text": "fine"}',
        2,
        17,
        "no JSON object",
    ),
    "long.txt": (b"good\n" + b"x" * (LARGEST_RECORD + 9) + b"\nfine", 2, 5, "longer than 4 MiB"),
    "long.csv": (
        b'text\ngood\n"' + b"x" * (LARGEST_RECORD + 9) + b'"\nfine',
        3,
        10,
        "longer than 4 MiB",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("chunk", [1, 2**20])
def test_a_broken_row_is_rejected_and_costs_no_other(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, chunk: int
) -> None:
    content, line, offset, reason = CASES[name]
    monkeypatch.setitem(CHUNK_BYTES, "fast", chunk if len(content) < 2**16 else 2**20)
    (tmp_path / name).write_bytes(content)
    totals = score(handler, tmp_path / name, tmp_path / "scored.jsonl")
    assert (totals.rows, totals.scored, totals.rejected) == (3, 2, 1)
    assert [row["text"] for row in read_rows(tmp_path / "scored.jsonl")] == ["good", "fine"]
    (reject,) = read_rejects(tmp_path / "scored.jsonl")
    assert (reject["line"], reject["offset"]) == (line, offset)
    assert reason in reject["reason"]
    assert reject["input"] == str(tmp_path / name)
    assert content[offset : offset + 2].decode("utf-8", "replace")[0] == reject["content"][0]


def test_a_null_in_parquet_is_rejected(handler: Handler, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet")
    table = pa.table({"text": ["good", None, "fine"], "n": [1, 2, 3]})
    pa.parquet.write_table(table, tmp_path / "given.parquet")
    score(handler, tmp_path / "given.parquet", tmp_path / "scored.parquet")
    assert [row["n"] for row in read_rows(tmp_path / "scored.parquet")] == [1, 3]
    (reject,) = read_rejects(tmp_path / "scored.parquet")
    assert (reject["line"], reject["offset"]) == (2, None)
    assert json.loads(reject["content"]) == {"text": None, "n": 2}


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_nothing_but_rejects(handler: Handler, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "given.csv").write_bytes(b"id,text\n1\n2\n")
    assert score(handler, tmp_path / "given.csv", tmp_path / f"scored.{suffix}").rejected == 2
    assert read_rows(tmp_path / f"scored.{suffix}") == []
    assert len(read_rejects(tmp_path / f"scored.{suffix}")) == 2


ENCODED = {
    "utf-8": ("utf-8", "utf-8"),
    "utf-8 with mark": ("utf-8-sig", "utf-8"),
    "mark wins": ("utf-8-sig", "cp949"),
    "cp949": ("cp949", "cp949"),
    "utf-16": ("utf-16", "utf-8"),
    "utf-16, named": ("utf-16", "utf-16"),
}


@pytest.mark.parametrize("chunk", [10, 2**20])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@pytest.mark.parametrize("case", ENCODED)
def test_encodings(
    handler: Handler,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    suffix: str,
    chunk: int,
) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", chunk)
    codec, option = ENCODED[case]
    texts = [*TEXTS, "가", "\u0a00뷁" if codec != "cp949" else "똠방각하"]
    text = write_table(tmp_path / f"plain.{suffix}", texts).read_bytes().decode()
    (tmp_path / f"given.{suffix}").write_bytes(text.encode(codec))
    score(handler, tmp_path / f"plain.{suffix}", tmp_path / "plain.out.csv")
    score(handler, tmp_path / f"given.{suffix}", tmp_path / "scored.csv", encoding=option)
    assert [row["review"] for row in read_rows(tmp_path / "scored.csv")] == texts
    scored = (tmp_path / "scored.csv").read_bytes()
    assert scored == (tmp_path / "plain.out.csv").read_bytes()


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["given.txt", "given.csv"])
def test_damaged_utf_16(handler: Handler, tmp_path: Path, order: str, name: str) -> None:
    """A lone surrogate, and half a character at the end; 각 and 갊 hold a byte 0A or 00."""
    lines = ["text\n"] * name.endswith("csv") + ["각가갊\n", "a\ud800b\n", "\U0001f600\n", "한"]
    content = "".join(["\ufeff", *lines]).encode(order, "surrogatepass")
    (tmp_path / name).write_bytes(content[:-1])
    score(handler, tmp_path / name, tmp_path / "scored.jsonl")
    texts = [row["text"] for row in read_rows(tmp_path / "scored.jsonl")]
    assert texts == ["각가갊", "\U0001f600"]
    first, last = read_rejects(tmp_path / "scored.jsonl")
    assert first["line"] == lines.index("a\ud800b\n") + 1
    assert content[first["offset"] :].decode(order, "ignore").startswith("ab")
    assert last["line"] == len(lines)
    assert "UTF-16" in last["reason"]


def test_damaged_cp949(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_bytes("굿\n".encode("cp949") + b"ab\xc1\n" + b"fine\n")
    score(handler, tmp_path / "given.txt", tmp_path / "scored.jsonl", encoding="cp949")
    assert [row["text"] for row in read_rows(tmp_path / "scored.jsonl")] == ["굿", "fine"]
    (reject,) = read_rejects(tmp_path / "scored.jsonl")
    assert (reject["line"], reject["offset"]) == (2, 3)
    assert "0xc1, is not CP949" in reject["reason"]


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark(handler: Handler, tmp_path: Path, order: str) -> None:
    (tmp_path / "given.txt").write_bytes("굿\n".encode(order))
    score(handler, tmp_path / "given.txt", tmp_path / "scored.jsonl")
    assert read_rows(tmp_path / "scored.jsonl")[0]["text"] == "굿"


def test_utf_8_that_is_called_utf_16_is_refused(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_bytes("굿\n".encode())
    with pytest.raises(InvalidInput, match="does not look like UTF-16"):
        score(handler, tmp_path / "given.txt", tmp_path / "scored.jsonl", encoding="utf-16")


def test_the_likely_encoding_is_named(handler: Handler, tmp_path: Path) -> None:
    (tmp_path / "given.csv").write_bytes("id,text\n1,재밌다\n".encode("cp949"))
    with pytest.raises(InvalidInput, match=r"not UTF-8.*CP949 \(재밌다\).*--encoding cp949"):
        score(handler, tmp_path / "given.csv", tmp_path / "scored.csv")


QUOTES = {
    "quote.csv": b'id,text\n1,good\n2,"open\n3,fine\n',
    "last.csv": b'id,text\n1,good\n3,fine\n2,"open',
    "middle.csv": b'id,text\n1,good\n2,"open" and on\n3,fine\n',
    "two.csv": b'id,text\n1,"good\n2,open\n3,fine"\n',
    "return.csv": b"id,text\n1,good\n2,a\rb\n3,fine\n",
}


@pytest.mark.parametrize("name", QUOTES)
@pytest.mark.parametrize("chunk", [1, 2**20])
def test_a_quote_that_closes_nothing_is_text(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, chunk: int
) -> None:
    monkeypatch.setitem(CHUNK_BYTES, "fast", chunk)
    (tmp_path / name).write_bytes(QUOTES[name])
    for output in ("scored.csv", "scored.jsonl"):
        score(handler, tmp_path / name, tmp_path / output)
    rows = read_rows(tmp_path / "scored.csv")
    assert [row["text"] for row in rows] == [
        r["text"] for r in read_rows(tmp_path / "scored.jsonl")
    ]
    lines = QUOTES[name].decode().removesuffix("\n").split("\n")[1:]
    assert [f"{row['id']},{row['text']}" for row in rows] == lines
