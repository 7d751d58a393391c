"""What a reader of the documentation would have at hand: reviews in files of all kinds, models."""

import csv
import gzip
import json
import shutil
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

from pipeline.reviews.labelled import read_reviews
from tests.support.paths import SAMPLE, SENTIMENT

KOREAN_EXCEL = "cp949"


def write_reviews(folder: Path) -> None:
    """Reviews under the names that the documents use."""
    import pyarrow as pa  # here: without it, the other tests of documents can be collected
    import pyarrow.parquet as pq

    texts = read_reviews(SAMPLE).texts
    (folder / "reviews.txt").write_text("\n".join((*texts, "")), encoding="utf-8")
    _write_table(folder / "reviews.csv", texts)
    _write_table(folder / "reviews.tsv", texts)
    _write_table(folder / "this-week.csv", texts[:200])
    legacy = [
        text for text in texts if text == text.encode(KOREAN_EXCEL, "ignore").decode(KOREAN_EXCEL)
    ]
    for name in ("excel.csv", "엑셀.csv"):
        _write_table(folder / name, legacy, KOREAN_EXCEL)
    pq.write_table(pa.table({"document": texts}), folder / "reviews.parquet")
    _write_folder(folder / "reviews", texts)
    shutil.copy(SAMPLE, folder / "my-reviews.tsv")
    _write_ratings(folder / "shop.csv")


def _write_table(path: Path, texts: Sequence[str], encoding: str = "utf-8") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        rows = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        rows.writerow(("id", "document"))
        rows.writerows(enumerate(texts))


def _write_ratings(path: Path) -> None:
    sample = read_reviews(SAMPLE)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("번호", "리뷰", "별점"))
        pairs = zip(sample.texts, sample.labels, strict=True)
        rows.writerows((n, text, 5 if label else 1) for n, (text, label) in enumerate(pairs))


def _is_encodable(text: str) -> bool:
    return text.encode(KOREAN_EXCEL, "ignore").decode(KOREAN_EXCEL) == text


def _write_folder(folder: Path, texts: Sequence[str]) -> None:
    folder.mkdir()
    for part in range(2):
        _write_table(folder / "part.csv", texts[part::2])
        content = (folder / "part.csv").read_bytes()
        (folder / f"{part}.csv.gz").write_bytes(gzip.compress(content))
        lines = "".join(f"{json.dumps({'text': text})}\n" for text in texts[part::2])
        (folder / f"{part}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "part.csv").unlink()


def folder_of_packages(environment: Path) -> Path:
    """Where a virtual environment has its packages."""
    at = {"base": str(environment), "platbase": str(environment)}
    return Path(sysconfig.get_path("purelib", scheme="venv", vars=at))


def make_environment(folder: Path, corpus: Path, corpus_url: str) -> None:
    """A virtual environment with `sentiment` in it, for which `corpus` stands in for NSMC.

    Only what downloads knows of that: it wants the published files to the byte.
    """
    venv.create(folder, symlinks=True)
    # Its Python finds the packages that this one finds.
    (folder_of_packages(folder) / "others.pth").write_text("\n".join(filter(None, sys.path)))
    command = folder / "bin" / "sentiment"
    stand_in = f"{sys.executable} -m tests.support.small_nsmc {corpus} {corpus_url}"
    command.write_text(
        "#!/bin/sh\n"
        'case "${1:-}" in\n'
        f'data|quickstart) exec {stand_in} "$@" ;;\n'
        f'*) exec {SENTIMENT} "$@" ;;\n'
        "esac\n"
    )
    command.chmod(0o755)


def copy_into(source: Path, destination: Path) -> None:
    """Copy a file or folder, with the permissions that it has."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination)
    else:
        shutil.copy(source, destination)
