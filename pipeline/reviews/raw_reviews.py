"""NSMC's raw reviews without labels, and without the texts that its authors train and test on."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

from pipeline.digests import sha256
from pipeline.durability import replacing, write_durably
from pipeline.errors import InvalidInput
from pipeline.files.remote import is_remote
from pipeline.own_files import check_own, discard_own, put
from pipeline.reviews.fetching import Wanted, download
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import NSMC
from pipeline.reviews.raw_archive import COMMIT, MOST_PACKED, RawArchive
from pipeline.targets import followed
from pipeline.text.cleaning import CLEANING_VERSION, clean

ARCHIVE = f"nsmc-{COMMIT}.tar.gz"
"""What browsers call the archive."""
UPSTREAM_ARCHIVE = f"https://codeload.github.com/e9t/nsmc/tar.gz/{COMMIT}"
UNLABELLED = "unlabelled.txt.gz"
RECORD = "unlabelled.json"

FEWEST_OFFICIAL = 0.9
"""Share of NSMC's own reviews that its raw reviews hold at least, as it was drawn from them."""
_COMPRESSION = 6


@dataclass(frozen=True)
class Unlabelled:
    """What is in the file: how many reviews, and how many raw ones are not.

    `official`: raw reviews whose text is NSMC's. `repeated`: those with the text of another one,
    or with none. `raw_tree`: git's id of the folder with the raw files, which nothing here
    compares, since no published figure is known: `git rev-parse COMMIT:raw` does.
    """

    reviews: int
    official: int
    repeated: int
    raw_tree: str
    sha256: str = ""
    commit: str = COMMIT
    cleaning_version: int = CLEANING_VERSION


def check_source(source: str | None) -> None:
    """Raise InvalidInput for a folder to copy from without the archive; nothing is fetched yet."""
    given = _given(source)
    if given and not given.is_file():
        names = ", ".join(file.name for file in NSMC)
        raise InvalidInput(
            f"{given} is no file. Name a folder that holds {names} and {ARCHIVE}, which is "
            f"{UPSTREAM_ARCHIVE}."
        )


def get_unlabelled(source: str | None, destination: Path) -> tuple[Path, Unlabelled, bool]:
    """Bring the file to `destination`, which holds NSMC; (its path, what is in it, is it new).

    `source`: a folder or a base URL with the archive; None: that of the corpus's own repository.
    The reviews are cleaned, distinct, and in the order of their hashes. A file that is there and is
    as it was written is kept. Raises InvalidInput for a wrong archive, ResourceUnavailable where
    the source does not answer; OSError where the disk is full.
    """
    target = followed(destination / UNLABELLED)
    record = followed(destination / RECORD)
    if (known := _read(record)) and target.is_file() and sha256(target) == known.sha256:
        return target, known, False
    official = _official(destination)
    given = _given(source)
    if given:
        chosen, made = _choose(given, official)
    else:
        chosen, made = _choose_fetched(_fetched(source, destination), official)
    _write(chosen, target)
    made = replace(made, sha256=sha256(target))
    write_durably(record, f"{json.dumps(asdict(made), indent=1)}\n".encode())
    discard_own(_whole(destination))
    return target, made, True


def _given(source: str | None) -> Path | None:
    """The archive in the folder that is the source, if it is one."""
    return Path(source).expanduser() / ARCHIVE if source and not is_remote(source) else None


def _whole(destination: Path) -> Path:
    """A downloaded archive, until its reviews are written."""
    return destination / f"{ARCHIVE}.whole"


def _read(record: Path) -> Unlabelled | None:
    """What an earlier run has written, unless this one would do otherwise."""
    try:
        known = Unlabelled(**json.loads(record.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    is_same = (known.commit, known.cleaning_version) == (COMMIT, CLEANING_VERSION)
    return known if is_same else None


def _official(folder: Path) -> set[str]:
    texts = (text for file in NSMC for text in read_reviews(folder / file.name).texts)
    return {_key(clean(text)) for text in texts} - {""}


def _key(cleaned: str) -> str:
    """Equal for texts that differ in nothing but spaces and case."""
    return "".join(cleaned.casefold().split())


def _fetched(source: str | None, destination: Path) -> Path:
    """The whole archive, downloaded unless an earlier run has done so."""
    whole, part = _whole(destination), destination / f"{ARCHIVE}.part"
    url = UPSTREAM_ARCHIVE if source is None else f"{source.rstrip('/')}/{ARCHIVE}"
    wanted = Wanted(url, part, MOST_PACKED)
    for path in (whole, part, wanted.tag):
        check_own(path)
    if whole.exists():
        return whole
    try:
        download(wanted, "Try again later, or get it by hand and name its folder with --from.")
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"{part} is kept; the next call continues from there.")
        raise
    except OSError:  # of the disk, which may be full
        discard_own(part)
        raise
    put(part, whole, like=whole)
    discard_own(wanted.tag)
    return whole


def _choose_fetched(archive: Path, official: set[str]) -> tuple[list[str], Unlabelled]:
    """Choose reviews; what was downloaded is removed where it is wrong."""
    try:
        return _choose(archive, official)
    except InvalidInput as error:
        discard_own(archive)
        raise InvalidInput(
            f"{error} It was removed. Try again, or get it from another source with --from."
        ) from None


def _choose(archive: Path, official: set[str]) -> tuple[list[str], Unlabelled]:
    """The reviews for the file, in its order."""
    raw = RawArchive(archive)
    chosen: set[str] = set()
    found: set[str] = set()
    left_out = repeated = 0
    for text in raw.reviews():
        cleaned = clean(text)
        key = _key(cleaned)
        if key in official:
            found.add(key)
            left_out += 1
        elif not key or cleaned in chosen:
            repeated += 1
        else:
            chosen.add(cleaned)
    if len(found) < FEWEST_OFFICIAL * len(official):
        raise InvalidInput(
            f"{archive} holds {len(found):,} of NSMC's own {len(official):,} different reviews, "
            "which were drawn from the raw ones: some of these are missing."
        )
    return sorted(chosen, key=_place), Unlabelled(len(chosen), left_out, repeated, raw.tree)


def _place(text: str) -> bytes:
    """Where a text belongs: an order that says nothing of films, authors and dates."""
    return blake2b(text.encode(), digest_size=16).digest()


def _write(texts: Iterable[str], target: Path) -> None:
    """A review a line; the same bytes for the same reviews."""
    with (
        replacing(target) as file,
        gzip.GzipFile("", "wb", _COMPRESSION, fileobj=file, mtime=0) as packed,
    ):
        for text in texts:
            packed.write(f"{text}\n".encode())
