"""What a hub lists: the commit of a revision and its files. Nothing of it is believed unchecked.

Names of files are this package's own; what the hub gives are hexadecimal digits and sizes.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.models.transformer.hub_requests import model_url, read_json
from pipeline.models.transformer.model_files import (
    USED,
    check_size,
    used,
)
from pipeline.models.transformer.reaching import WrongAnswer, retried

PAGES = 50
LISTING_SECONDS = 60.0

_SHA1, _SHA256 = (re.compile(f"[0-9a-f]{{{digits}}}") for digits in (40, 64))


@dataclass(frozen=True)
class ListedFile:
    """A file that a hub lists: size in bytes, git's blob id, and sha256 if it is a large one."""

    path: str
    size: int
    blob_id: str
    sha256: str | None

    @property
    def digest(self) -> str:
        """The digest to compare with, and the name of the file's content in the cache."""
        return self.sha256 or self.blob_id

    def is_right(self, path: Path) -> bool:
        """Whether a file has the size and the digest that are listed."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        # git's hash of a small file is what the hub has of it, not a choice of this package
        hashed = hashlib.sha256() if self.sha256 else hashlib.sha1(usedforsecurity=False)
        if not self.sha256:
            hashed.update(b"blob %d\0" % self.size)
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashed).hexdigest() == self.digest


def read_commit(name: str, revision: str | None, seconds: float) -> str:
    """The commit that a revision is, within so many seconds; WrongAnswer where it is none."""
    parts = () if revision is None else ("revision", revision)
    info, _ = read_json(model_url(name, *parts), seconds)
    commit = info.get("sha") if isinstance(info, dict) else None
    if not _is_hexadecimal(commit, _SHA1):
        raise WrongAnswer("it names no commit of 40 hexadecimal digits")
    if revision is not None and _SHA1.fullmatch(revision) and commit != revision:
        raise WrongAnswer("it names another commit than the one asked for")
    return str(commit)


def list_files(name: str, commit: str) -> list[ListedFile]:
    """The files of a commit that are used.

    Raises WrongAnswer where what is listed makes no sense, ArtifactRefused for a file that is too
    large.
    """
    found = [entry for page in _pages(name, commit) for entry in page if _is_used(entry)]
    files = [_listed(entry) for entry in found]
    by_path = {file.path: file for file in files}
    if len(by_path) < len(files):
        raise WrongAnswer("it lists a file twice")
    return [by_path[path] for path in used(by_path.__contains__)]


def _pages(name: str, commit: str) -> Iterator[list[Any]]:
    """A listing's pages. Of the next one's address only the query is used: the token goes there."""
    url = first = model_url(name, "tree", commit)
    deadline = time.monotonic() + LISTING_SECONDS
    for _ in range(PAGES):
        page, following = retried(partial(_page, url, deadline))
        yield page
        if following is None:
            return
        url = f"{first}?{following.partition('?')[2]}"
    raise WrongAnswer(f"its list has more than {PAGES} pages")


def _page(url: str, deadline: float) -> tuple[list[Any], str | None]:
    page, following = read_json(url, max(0.0, deadline - time.monotonic()))
    if not isinstance(page, list):
        raise WrongAnswer("it lists no files")
    return page, following


def _is_used(entry: Any) -> bool:
    """Whether an entry is a file that is used here, under a name that this package knows."""
    if not isinstance(entry, dict) or entry.get("type") != "file":
        return False
    return any(entry.get("path") == path for path in USED)


def _listed(entry: dict[str, Any]) -> ListedFile:
    path, size, blob_id = entry["path"], entry.get("size"), entry.get("oid")
    stored = {"oid": None, "size": size} if entry.get("lfs") is None else entry["lfs"]
    if (
        type(size) is not int
        or size < 0
        or not _is_hexadecimal(blob_id, _SHA1)
        or not isinstance(stored, dict)
        or not (entry.get("lfs") is None or _is_hexadecimal(stored.get("oid"), _SHA256))
        or stored.get("size") != size
    ):
        raise WrongAnswer(f"what it lists of {path} makes no sense")
    check_size(path, size)
    return ListedFile(path, size, str(blob_id), stored["oid"])


def _is_hexadecimal(value: object, digits: re.Pattern[str]) -> bool:
    return isinstance(value, str) and digits.fullmatch(value) is not None
