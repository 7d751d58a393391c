"""A store in a bucket, followed by a folder of this machine that is used in its place."""

import logging
from collections.abc import Iterable
from contextlib import nullcontext

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.bucket.cache import cache_folder
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.fetching import fetch, is_sealed
from pipeline.artifacts.bucket.pointing import find_pointer
from pipeline.artifacts.locking import locked
from pipeline.artifacts.pointer import CURRENT, make_current
from pipeline.artifacts.scratch import scratch_folder
from pipeline.artifacts.store import prune_artifacts
from pipeline.artifacts.verification import ANY, MANIFEST, SIGNATURE, Trust, check_manifest
from pipeline.durability import create_folder, sync
from pipeline.errors import ArtifactRefused, SentimentError

_DOWNLOAD = "download-"
_log = logging.getLogger(__name__)


class Mirror:
    """`root` is a store with the bucket's current artifacts, whole and as `trust` demands.

    A whole digest in `trust` pins the artifact: that one is current in `root`, whichever the bucket
    says is.
    """

    def __init__(self, address: BucketAddress, trust: Trust = ANY) -> None:
        self.address, self.trust = address, trust
        self._pinned = trust.digest if trust.digest and len(trust.digest) == 64 else None
        self.root = cache_folder(address, trust)
        self._known: dict[str, str] = {}

    def update(self, slots: Iterable[str], bucket: Bucket | None = None) -> None:
        """Get what is current in these slots now; `bucket`: to ask, left out: a new connection.

        Raises ResourceUnavailable, ArtifactRefused or ModelMissing; the slot stays as it was then.
        """
        with nullcontext(bucket) if bucket else Bucket(self.address) as asked:
            for slot in slots:
                self._update(asked, slot)

    def update_or_keep(self, slots: Iterable[str]) -> None:
        """As `update`, but a slot that was looked at before is kept where it cannot be updated."""
        for slot in slots:
            try:
                self.update([slot])
            except SentimentError as error:
                if not (self.root / slot).is_dir():
                    raise
                _log.error("bucket_not_followed: %s The slot %s stays as it was.", error, slot)

    def _update(self, bucket: Bucket, slot: str) -> None:
        if self._pinned is not None:
            self._pin(bucket, slot, self._pinned)
            return
        found = find_pointer(bucket, slot, self._known.get(slot))
        if found is None:
            self._known.pop(slot, None)
            self._make_empty(slot)
        elif found.etag != self._known.get(slot):
            self._make_current(bucket, slot, found.digest)
            self._known[slot] = str(found.etag)

    def _pin(self, bucket: Bucket, slot: str, digest: str) -> None:
        """The artifact of a digest never changes: once it is here, nothing is asked any more."""
        if self._known.get(slot) == digest:
            return
        if self._is_whole(slot, digest) or bucket.has(slot, digest, MANIFEST):
            self._make_current(bucket, slot, digest)
            self._known[slot] = digest
        else:
            self._make_empty(slot)

    def _make_empty(self, slot: str) -> None:
        """The folder stays, and says that the slot was looked at."""
        create_folder(self.root / slot)
        (self.root / slot / CURRENT).unlink(missing_ok=True)

    def _make_current(self, bucket: Bucket, slot: str, digest: str) -> None:
        folder = self.root / slot
        with scratch_folder(_DOWNLOAD, self.root) as scratch:
            new = scratch / digest
            if not self._is_whole(slot, digest):
                fetch(bucket, slot, digest, new, self.trust)
            create_folder(folder)
            with locked(folder):
                if new.exists():
                    if (folder / digest).exists():
                        (folder / digest).rename(scratch / "damaged")
                    new.rename(folder / digest)
                    sync(folder)
                make_current(folder, digest)
        prune_artifacts(self.root, newest=0)

    def _is_whole(self, slot: str, digest: str) -> bool:
        """Whether the artifact is here, as it was sealed and as is demanded."""
        folder = self.root / slot / digest
        try:
            manifest, _ = check_manifest(folder, slot, self.trust)
            names = {path.name for path in folder.iterdir()} - {MANIFEST, SIGNATURE}
            return names == {entry.path for entry in manifest.files} and all(
                is_sealed(folder, entry) for entry in manifest.files
            )
        except (OSError, ArtifactRefused):
            return False
