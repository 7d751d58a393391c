"""Getting NSMC from its repository, another URL or a folder: resumable, verified, atomic."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.addresses import split_address
from pipeline.digests import sha256
from pipeline.errors import InvalidInput
from pipeline.files.remote import is_remote
from pipeline.own_files import check_own, check_replaceable, create, put
from pipeline.reviews.fetching import Wanted, download
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import NSMC, UPSTREAM, NsmcFile
from pipeline.targets import followed

_HOW_TO_FIX = "Try again later, or get the files by hand and name their folder with --from."


def get_nsmc(source: str | None, destination: Path) -> Iterator[tuple[Path, int]]:
    """Bring both files of the corpus to `destination`; yield (path, rows) as each is in place.

    `source`: a folder or a base URL; None: the corpus's own repository. A file appears under its
    name only when its size, sha256 and number of reviews are right. Raises InvalidInput for wrong
    content or an invalid URL, ResourceUnavailable where the source does not answer; OSError where
    the disk is full.
    """
    if source is not None and is_remote(source):
        split_address(source)
    destination.mkdir(parents=True, exist_ok=True)
    for file in NSMC:
        target = followed(destination / file.name)
        if not (target.is_file() and sha256(target) == file.sha256):
            _get(source or UPSTREAM, file, target)
        yield target, len(read_reviews(target))


def _get(source: str, file: NsmcFile, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    check_replaceable(target)
    check_own(part)
    try:
        if is_remote(source):
            url = f"{source.rstrip('/')}/{file.name}"
            download(Wanted(url, part, file.size, file.size), _HOW_TO_FIX)
        else:
            _copy(Path(source).expanduser() / file.name, part, target)
    except OSError as error:
        if not isinstance(error, ConnectionError):
            part.unlink(missing_ok=True)
        raise
    if part.stat().st_size != file.size or sha256(part) != file.sha256:
        part.unlink()
        raise InvalidInput(
            f"{file.name} from {source} is not the published file: its sha256 or size differs. "
            "Nothing was kept. Get it from another source with --from."
        )
    put(part, target, like=target)


def _copy(origin: Path, part: Path, target: Path) -> None:
    if not origin.is_file():
        names = " and ".join(file.name for file in NSMC)
        raise InvalidInput(f"{origin} is no file. Name a folder that holds {names}.")
    with origin.open("rb") as given, create(part, like=target) as copied:
        shutil.copyfileobj(given, copied)
