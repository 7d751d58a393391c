"""Downloading a hub's files into the cache: under names that the hub does not choose.

A file is written to `blobs/DIGEST.incomplete`, not further than its listed size, and gets its name
only when its digest is the one listed. What has arrived stays there, and the next try goes on.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Never

from filelock import FileLock, Timeout

from pipeline.durability import create_folder, sync
from pipeline.errors import ArtifactRefused, ResourceUnavailable
from pipeline.models.transformer.hub_cache import model_cache, place, snapshot
from pipeline.models.transformer.hub_listing import ListedFile
from pipeline.models.transformer.hub_requests import answered, endpoint
from pipeline.models.transformer.reaching import WrongAnswer, retried
from pipeline.progress import progress_bar

if TYPE_CHECKING:
    from tqdm import tqdm

ROUNDS = 2
"""How often a file is fetched whose bytes turn out to be others."""

LOCK_SECONDS = 3600.0
"""How long a download by another process is waited for."""


def fetch(name: str, commit: str, files: list[ListedFile]) -> Path:
    """Folder of a commit's files; those that are there and right are not fetched again.

    Raises ArtifactRefused for bytes that are not those listed, ResourceUnavailable for a full disk,
    and what `answered` raises.
    """
    folder = snapshot(name, commit)
    for file in files:
        if not file.is_right(folder / file.path):
            with _locked(name, file):
                place(_blob(name, commit, file), folder / file.path)
    return folder


@contextmanager
def _locked(name: str, file: ListedFile) -> Iterator[None]:
    """Let one process fetch a file at a time, the hub's client among them."""
    cache = model_cache(name)
    lock = cache.parent / ".locks" / cache.name / f"{file.digest}.lock"
    create_folder(lock.parent)
    try:
        with FileLock(lock, timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise ResourceUnavailable(
            f"Another process has been fetching {file.path} for {LOCK_SECONDS:g} s. Try again "
            "later."
        ) from None


def _blob(name: str, commit: str, file: ListedFile) -> Path:
    """The file in blobs/, fetched if it is not there and right."""
    blob = model_cache(name) / "blobs" / file.digest
    incomplete = blob.with_name(f"{blob.name}.incomplete")
    create_folder(blob.parent)
    if file.is_right(blob):
        return blob
    for _ in range(ROUNDS):
        if not file.is_right(incomplete):
            _complete(incomplete, _url(name, commit, file), file)
        if file.is_right(incomplete):
            sync(incomplete)
            incomplete.replace(blob)
            return blob
        incomplete.unlink()
    raise ArtifactRefused(
        f"{name} sends other bytes than it lists for {file.path}. Nothing was kept; try again "
        "later."
    )


def _url(name: str, commit: str, file: ListedFile) -> str:
    from huggingface_hub import hf_hub_url

    return hf_hub_url(name, file.path, revision=commit, endpoint=endpoint())


def _complete(path: Path, url: str, file: ListedFile) -> None:
    """Fetch what is missing of a file, and try again where the connection breaks."""
    there = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(path.parent).free
    if file.size - there > free:
        raise ResourceUnavailable(
            f"{file.path} has {file.size:,} bytes, and {path.parent} has room for {free:,}. "
            "Make room, or set HF_HOME to a folder on another disk."
        )
    with progress_bar(file.size, file.path, "B") as bar:
        retried(lambda: _append(path, url, file, bar))


def _append(path: Path, url: str, file: ListedFile, bar: "tqdm[Never]") -> None:
    from httpx2 import RemoteProtocolError
    from huggingface_hub import constants

    with path.open("ab") as output:
        there = output.tell() if output.tell() < file.size else 0
        with answered(url, float(constants.HF_HUB_DOWNLOAD_TIMEOUT), there) as answer:
            there = there if answer.is_part else 0
            output.truncate(there)
            bar.n = there
            for chunk in answer.chunks:
                there += len(chunk)
                if there > file.size:
                    raise WrongAnswer(f"it sends more than it lists for {file.path}")
                output.write(chunk)
                bar.update(len(chunk))
    if there < file.size:
        raise RemoteProtocolError(f"{file.path} is cut off")
