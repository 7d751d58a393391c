"""The 50,000 test reviews of NSMC in every form that can hold them: the same answers to each."""

import csv
import io
from pathlib import Path

import pytest

from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import look_at, read_chunks
from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import TEST

pytestmark = pytest.mark.slow

QUOTINGS = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "words": csv.QUOTE_NONNUMERIC}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949")


@pytest.fixture(scope="module")
def texts(nsmc: Path) -> list[str]:
    return read_reviews(nsmc / TEST.name).texts


def written(texts: list[str], delimiter: str, quoting: int, line_end: str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["id", "document", "label"])
    writer.writerows([number, text, number % 2] for number, text in enumerate(texts))
    return stream.getvalue()


def read(path: Path, settings: ReadSettings = ReadSettings()) -> list[str]:  # noqa: B008 - frozen
    chunks = read_chunks(look_at([Source.named(str(path))], settings), BEGINNING, 2**20)
    parsed = [parse_chunk(chunk) for chunk in chunks]
    assert not any(part.rejects for part in parsed)
    return [text for part in parsed for text in part.texts]


FORMS = [
    *((delimiter, quoting, "\n") for delimiter in ",\t;|" for quoting in QUOTINGS),
    *((",", quoting, line_end) for quoting in ("minimal", "all") for line_end in ("\r\n", "\r")),
]


@pytest.mark.parametrize(("delimiter", "quoting", "line_end"), FORMS)
def test_delimiters_quotes_and_line_ends(
    handler: Handler, texts: list[str], tmp_path: Path, delimiter: str, quoting: str, line_end: str
) -> None:
    path = tmp_path / "given.csv"
    path.write_text(written(texts, delimiter, QUOTINGS[quoting], line_end), "utf-8", newline="")
    assert handler.handle(read(path)) == handler.handle(texts)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_encodings(
    handler: Handler, texts: list[str], tmp_path: Path, delimiter: str, encoding: str
) -> None:
    held = [text for text in texts if text.encode(encoding, "ignore").decode(encoding) == text]
    assert len(held) > 49_000
    path = tmp_path / "given.csv"
    content = written(held, delimiter, csv.QUOTE_MINIMAL, "\n")
    path.write_bytes(content.encode(encoding))
    settings = ReadSettings(encoding="cp949" if encoding == "cp949" else None)
    assert handler.handle(read(path, settings)) == handler.handle(held)


def test_quotes_that_are_text(handler: Handler, texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "given.tsv"
    rows = "".join(f"{number}\t{text}\n" for number, text in enumerate(texts))
    path.write_text(f"id\tdocument\n{rows}", encoding="utf-8")
    assert handler.handle(read(path, ReadSettings(quoting="none"))) == handler.handle(texts)
