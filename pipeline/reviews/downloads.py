"""Getting NSMC from its repository, another URL or a folder: resumable, verified, atomic."""

import http.client
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from pipeline.addresses import reason_of, split_address
from pipeline.digests import sha256
from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.own_files import check_own, check_replaceable, create, put, reopen
from pipeline.progress import progress_bar
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import NSMC, UPSTREAM, NsmcFile
from pipeline.targets import followed

TIMEOUT_SECONDS = 10
ATTEMPTS = 4
_CHUNK = 1 << 16
_HOW_TO_FIX = "Try again later, or get the files by hand and name their folder with --from."


def get_nsmc(source: str | None, destination: Path) -> Iterator[tuple[Path, int]]:
    """Bring both files of the corpus to `destination`; yield (path, rows) as each is in place.

    `source`: a folder or a base URL; None: the corpus's own repository. A file appears under its
    name only when its size, sha256 and number of reviews are right. Raises InvalidInput for wrong
    content or an invalid URL, ResourceUnavailable where the source does not answer; OSError where
    the disk is full.
    """
    if source is not None and "://" in source:
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
        if "://" in source:
            _download(f"{source.rstrip('/')}/{file.name}", file, part)
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


def _download(url: str, file: NsmcFile, part: Path) -> None:
    """Fetch into `part`; after each interruption, continue from what it holds."""
    problem = "it sent less than it should"
    for attempt in range(ATTEMPTS):
        if _is_long_enough(part, file):
            return
        time.sleep(0.2 * attempt)
        try:
            _fetch_rest(url, file, part)
        except HTTPError as error:
            problem = f"it answers {error.code} {error.reason}"
            if error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        except (URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)  # of a URLError, a text or an exception
            problem = reason_of(cause if isinstance(cause, Exception) else error)
            if isinstance(error, URLError) and attempt == 0:
                break
    if _is_long_enough(part, file):
        return
    kept = f" {part} is kept; the next call continues from there." if part.exists() else ""
    raise ResourceUnavailable(f"{url} could not be read: {problem}.{kept} {_HOW_TO_FIX}")


def _is_long_enough(part: Path, file: NsmcFile) -> bool:
    return part.exists() and part.stat().st_size >= file.size


def _fetch_rest(url: str, file: NsmcFile, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        resumes = response.status == http.HTTPStatus.PARTIAL_CONTENT
        with reopen(part) if resumes else create(part, like=part) as output:
            output.seek(0, os.SEEK_END)
            _pour(response, output, file, have if resumes else 0)


def _pour(response: IO[bytes], output: IO[bytes], file: NsmcFile, have: int) -> None:
    """Copy at most one byte more than the file's size, so that no source can fill the disk."""
    with progress_bar(file.size, file.name, unit="B") as bar:
        bar.update(have)
        while have <= file.size and (chunk := response.read(min(_CHUNK, file.size + 1 - have))):
            output.write(chunk)
            have += len(chunk)
            bar.update(len(chunk))
