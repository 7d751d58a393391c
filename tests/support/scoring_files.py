"""Scoring a file in a test, and reading what came of it."""

import csv
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.batch.output.added_columns import AddedColumns
from pipeline.batch.output.serializing import WriteSettings
from pipeline.batch.scoring import Job, score_files
from pipeline.batch.totals import Totals
from pipeline.files import zstandard
from pipeline.files.formats import output_kind
from pipeline.files.layouts import ReadSettings
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler

TEXTS = [
    "정말 재밌다, 최고!",
    'He said "굿"',
    "두 줄\n리뷰",
    " 빈칸 ",
    "ㅋㅋ\r\nㅠㅠ",
    "줄\r바꿈",
    "=1+1",
    "",
]

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".xz": lzma.decompress,
    ".zst": zstandard.zstd.decompress,
}


def make_job(
    inputs: Path | list[Path],
    output: Path | None,
    *,
    input_format: str | None = None,
    prefix: str = "",
    probabilities: bool = False,
    excel: bool = False,
    **read: Any,
) -> Job:
    """A job as the options of `predict` make it; its test skips where it lacks an extra."""
    paths = inputs if isinstance(inputs, list) else [inputs]
    if any(path and path.suffix == ".parquet" for path in (*paths, output)):
        pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    added = AddedColumns(prefix, probabilities)
    return Job(
        find_sources([str(path) for path in paths], input_format),
        None if output is None else str(output),
        ReadSettings(reserved=added.names, **read),
        WriteSettings(output_kind(str(output or "-")), added, excel),
    )


def score(handler: Handler, inputs: Path | list[Path], output: Path, **options: Any) -> Totals:
    """Score into a file."""
    return score_files(handler, make_job(inputs, output, **options))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a finished output of any format, by other readers than the product's."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return rows
    compression = path.suffix if path.suffix in COMPRESS else ""
    text = DECOMPRESS[compression](path.read_bytes()).decode("utf-8")
    if ".jsonl" in path.suffixes:
        return [json.loads(line) for line in text.split("\n")[:-1]]
    delimiter = "\t" if ".tsv" in path.suffixes else ","
    return list(csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter))


def read_rejects(output: Path) -> list[dict[str, Any]]:
    """The rejects of an output."""
    lines = Path(f"{output}.rejects.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def write_table(path: Path, texts: list[str] = TEXTS, line_end: str = "\n") -> Path:
    """A table of texts, with an id before and a note behind each."""
    with path.open("w", encoding="utf-8", newline="") as file:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        rows = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
        rows.writerow(["번호", "review", "note"])
        rows.writerows([number, text, f"note {number}"] for number, text in enumerate(texts))
    return path


def write_jsonl(path: Path, texts: list[str] = TEXTS) -> Path:
    """Objects with a text, a number and a list."""
    records = [{"text": text, "n": 1.5, "tags": ["a", None]} for text in texts]
    lines = [f"{json.dumps(record, ensure_ascii=False)}\n" for record in records]
    path.write_text("".join(lines), encoding="utf-8")
    return path
