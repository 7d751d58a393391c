"""Labelled reviews, and reading them from a file with the columns of NSMC."""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import InvalidInput

if TYPE_CHECKING:
    import _csv


@dataclass(frozen=True)
class Reviews:
    """Labelled reviews in file order; labels are 0 (negative) and 1 (positive).

    `sha256` is that of the whole file, in hexadecimal.
    """

    texts: list[str]
    labels: list[int]
    sha256: str

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Iterable[int]) -> "Reviews":
        """The reviews of these rows, in this order."""
        pairs = [(self.texts[row], self.labels[row]) for row in rows]
        return replace(
            self, texts=[text for text, _ in pairs], labels=[label for _, label in pairs]
        )


def read_reviews(path: Path) -> Reviews:
    """Read a labelled file: tab-separated with a header, columns `document` and `label` (0 or 1).

    Raises InvalidInput, with the number of the line, for any other file.
    """
    content = path.read_bytes()
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{path} is not UTF-8: byte {error.start} in line {line}. Save it as UTF-8 first."
        ) from None
    rows = csv.reader((f"{line}\n" for line in lines), delimiter="\t")
    header = next(rows, [])
    missing = [name for name in ("document", "label") if name not in header]
    if missing:
        raise InvalidInput(
            f"{path} has no column {' and no column '.join(map(repr, missing))} in its first line; "
            "a labelled file is tab-separated with the columns document and label (0 or 1)."
        )
    texts, labels = _columns(path, rows, header)
    if not texts:
        raise InvalidInput(f"{path} has a header but no reviews.")
    return Reviews(texts, labels, hashlib.sha256(content).hexdigest())


def _columns(path: Path, rows: "_csv.Reader", header: Sequence[str]) -> tuple[list[str], list[int]]:
    document, label = header.index("document"), header.index("label")
    texts, labels = [], []
    for row in rows:
        if not row:
            continue
        if len(row) != len(header) or row[label] not in ("0", "1"):
            raise InvalidInput(
                f"{path}, line {rows.line_num}: expected {len(header)} tab-separated fields with "
                f"label 0 or 1. Fix or remove that line."
            )
        texts.append(row[document])
        labels.append(int(row[label]))
    return texts, labels
