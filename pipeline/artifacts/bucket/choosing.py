"""What commands ask of a store that may be a folder or a bucket; only a bucket loads its client."""

from collections.abc import Iterable
from pathlib import Path

from pipeline.artifacts import pointer
from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.verification import ANY, Trust


def local_store(store: Path | BucketAddress, slots: Iterable[str], trust: Trust = ANY) -> Path:
    """The folder to use for a store: a folder itself; of a bucket, the mirror, brought up to date.

    Raises what `Mirror.update` raises.
    """
    if isinstance(store, Path):
        return store
    from pipeline.artifacts.bucket.mirror import Mirror

    mirror = Mirror(store, trust)
    mirror.update(slots)
    return mirror.root


def default_slot(store: Path | BucketAddress) -> str:
    """The slot to use where none is asked for: the deep one if it has a current artifact."""
    if isinstance(store, Path):
        return pointer.default_slot(store)
    from pipeline.artifacts.bucket.client import Bucket

    with Bucket(store) as bucket:
        return "deep" if bucket.has("deep", pointer.CURRENT) else "fast"
