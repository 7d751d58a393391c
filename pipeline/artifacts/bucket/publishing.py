"""Publishing into a bucket: the files first, then the manifest, then the pointer, conditionally."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.pointing import point
from pipeline.artifacts.listing import list_artifacts
from pipeline.artifacts.pointer import CURRENT
from pipeline.artifacts.scratch import scratch_folder
from pipeline.artifacts.verification import MANIFEST

_SEALED = "sentiment-sealed-"


@contextmanager
def publishing(store: Path | BucketAddress) -> Iterator[Path]:
    """A folder to publish into: the store itself, or one whose artifacts get into the bucket.

    The bucket is asked first, so that it does not fail only when all is done. Raises
    ResourceUnavailable where it cannot be used, or where another publisher was first.
    """
    if isinstance(store, Path):
        yield store
        return
    with Bucket(store) as bucket, scratch_folder(_SEALED) as folder:
        bucket.has("fast", CURRENT)
        yield folder
        for stored in list_artifacts(folder):
            upload(bucket, stored.folder)
            point(bucket, stored.folder.parent.name, stored.folder.name)


def upload(bucket: Bucket, folder: Path) -> None:
    """Copy an artifact into the bucket; only with its manifest, which comes last, is it one."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.name == MANIFEST, path.name)):
        bucket.write(folder.parent.name, folder.name, path.name, content=path)
