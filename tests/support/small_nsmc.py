"""A corpus small enough to train on in a second, where `sentiment data` expects NSMC.

`python -m tests.support.small_nsmc FOLDER URL data …` is `sentiment data …` for a corpus in FOLDER
that is published at URL: the same download and checks, with the sizes and digests of these files.
"""

import hashlib
import sys
from pathlib import Path

from cli.main import main
from pipeline.reviews import downloads, raw_reviews
from pipeline.reviews.nsmc import NSMC, NsmcFile
from tests.support.tiny_models import write_easy_reviews


def write_corpus(folder: Path) -> Path:
    """Reviews of clear words, which models are as sure of as those of NSMC make them."""
    folder.mkdir(parents=True)
    head, *rows = write_easy_reviews(folder / "easy.tsv").read_text("utf-8").splitlines()
    (folder / "easy.tsv").unlink()
    numbered = [f"{number}\t{row}" for number, row in enumerate(rows)]
    for file, part in zip(NSMC, (numbered[::2], numbered[1::6]), strict=True):
        lines = (f"id\t{head}", *part, "")
        (folder / file.name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def describe(path: Path) -> NsmcFile:
    """What must be right of a copy of this file."""
    content = path.read_bytes()
    rows = content.count(b"\n") - 1
    return NsmcFile(path.name, len(content), hashlib.sha256(content).hexdigest(), rows)


if __name__ == "__main__":
    folder, downloads.UPSTREAM, *arguments = sys.argv[1:]
    raw_reviews.UPSTREAM_ARCHIVE = f"{downloads.UPSTREAM}/{raw_reviews.ARCHIVE}"
    downloads.NSMC = tuple(describe(Path(folder) / file.name) for file in NSMC)
    main(arguments, prog_name="sentiment")
