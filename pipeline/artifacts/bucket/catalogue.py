"""What is in a bucket's store, as a folder in which the functions for local stores look around."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.artifacts import builtin
from pipeline.artifacts.bucket.address import BucketAddress, named_in_errors
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.fetching import fetched
from pipeline.artifacts.pointer import CURRENT, DIGEST, HOW_TO_GET, LARGEST
from pipeline.artifacts.scratch import scratch_folder
from pipeline.artifacts.store import find_artifact
from pipeline.artifacts.verification import LARGEST_MANIFEST, MANIFEST
from pipeline.errors import ArtifactRefused

_CATALOGUE = "sentiment-catalogue-"


@contextmanager
def catalogue(bucket: Bucket) -> Iterator[Path]:
    """A temporary store with the bucket's pointers and manifests, unchecked, and nothing else.

    Errors of the block that name the folder name the bucket in its place.
    """
    with scratch_folder(_CATALOGUE) as root:
        for parts in _described(bucket):
            path = root.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_content(bucket, parts))
        with named_in_errors(root, bucket.address):
            yield root


def _described(bucket: Bucket) -> Iterator[tuple[str, ...]]:
    """Names of the objects that say what there is."""
    for listed in bucket.names():
        slot, *rest = listed.parts
        is_manifest = len(rest) == 2 and DIGEST.fullmatch(rest[0]) and rest[1] == MANIFEST
        if slot in HOW_TO_GET and (is_manifest or rest == [CURRENT]):
            yield listed.parts


def _content(bucket: Bucket, parts: tuple[str, ...]) -> bytes:
    """What is too large is as good as damaged, and what has gone meanwhile."""
    largest = LARGEST if parts[-1] == CURRENT else LARGEST_MANIFEST
    try:
        found = bucket.read(*parts, largest=largest)
    except ArtifactRefused:
        return b""
    return found.content if found else b""


@contextmanager
def described(store: Path | BucketAddress) -> Iterator[Path]:
    """The folder in which to look what a store holds: itself, or the catalogue of a bucket."""
    if isinstance(store, Path):
        yield store
        return
    with Bucket(store) as bucket, catalogue(bucket) as root:
        yield root


@contextmanager
def whole(store: Path | BucketAddress, called: str) -> Iterator[Path]:
    """Folder of one artifact of a store, see `find_artifact`; that of a bucket is temporary."""
    if isinstance(store, Path):
        yield find_artifact(store, called)
        return
    with Bucket(store) as bucket:
        with catalogue(bucket) as root:
            found = find_artifact(root, called)
        if found == builtin.FOLDER:
            yield found
            return
        with fetched(bucket, found) as folder:
            yield folder
