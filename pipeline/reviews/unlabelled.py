"""Reviews without labels, out of files of any format that is read."""

import hashlib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.digests import sha256
from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING
from pipeline.files.layouts import ReadSettings
from pipeline.files.parsing import parse_chunk
from pipeline.files.reading import ignore, look_at, read_chunks
from pipeline.files.sources import Source
from pipeline.reviews.labelled import CHUNK_BYTES, Tell, missing_texts
from pipeline.text.cleaning import clean_all


@dataclass(frozen=True)
class Unlabelled:
    """n distinct cleaned texts, in the order of the files, none empty; and what a run records.

    `sources`: number of the first source that holds each text, shape (n,).
    """

    texts: list[str] = field(repr=False)
    sources: NDArray[np.intp] = field(repr=False)
    facts: dict[str, Any]


def read_unlabelled(
    sources: Sequence[Source],
    settings: ReadSettings,
    leave_out: Container[str] = frozenset(),
    tell: Tell = ignore,
) -> Unlabelled:
    """Read the reviews of all sources, without the cleaned texts to `leave_out`.

    `tell` is called with a line about each file's shape, and one about the reviews. Raises
    InvalidInput for a row that cannot be read, and where no review remains.
    """
    rows, first = 0, dict[str, int]()
    for source, cleaned in _cleaned(sources, settings, tell):
        rows += len(cleaned)
        for text in cleaned:
            first.setdefault(text, source)
    texts = [text for text in first if text and text not in leave_out]
    if not texts:
        raise InvalidInput(
            "--unlabelled: there are no reviews in the files but empty and labelled ones."
        )
    tell(
        f"{rows:,} reviews without labels, {len(texts):,} of them different, not empty and not "
        "among the labelled ones"
    )
    facts = {
        "files": [_facts(source) for source in sources],
        "rows": rows,
        "texts": len(texts),
        "sha256": digest_of_texts(texts),
    }
    return Unlabelled(texts, np.array([first[text] for text in texts], np.intp), facts)


def digest_of_texts(texts: Sequence[str]) -> str:
    """The sha256 of cleaned texts, a line each, in hexadecimal."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _cleaned(
    sources: Sequence[Source], settings: ReadSettings, tell: Tell
) -> Iterator[tuple[int, list[str]]]:
    inputs = look_at(sources, settings, lambda layout: tell(layout.describe()))
    for chunk in read_chunks(inputs, BEGINNING, CHUNK_BYTES, lambda shape: tell(shape.describe())):
        parsed = parse_chunk(chunk)
        missing_texts(parsed)
        yield chunk.start.source, clean_all(parsed.texts)


def _facts(source: Source) -> dict[str, Any]:
    """Name and, of a file of this machine that lasts, its sha256."""
    if not (source.is_local and source.is_lasting):
        return {"name": source.name}
    return {"name": Path(source.path).name, "sha256": sha256(Path(source.path))}
