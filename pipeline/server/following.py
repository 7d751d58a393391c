"""Models of a store in a bucket: a folder of this machine follows the bucket while the server runs.

The workers follow that folder as any other; one of them asks the bucket.
"""

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.mirror import Mirror
from pipeline.artifacts.verification import ANY, Trust
from pipeline.handlers.loading import HANDLERS
from pipeline.models.hardware import ALL, Hardware
from pipeline.server.current_models import StoredModels

ASK_SECONDS = 5.0
"""Between two questions whether another artifact is current in the bucket."""
LONGEST_PAUSE = 300.0
"""Each failure in a row doubles the pause, up to this."""

_log = logging.getLogger(__name__)


def followed_models(
    store: Path | BucketAddress,
    trust: Trust = ANY,
    slots: Iterable[str] | None = None,
    hardware: Hardware = ALL,
    kind: Callable[..., StoredModels] = StoredModels,
) -> StoredModels:
    """The models of a store, also of one in a bucket; `kind` makes them, see StoredModels.

    At the start a slot of the bucket that cannot be had is taken from the cache. Raises
    ResourceUnavailable, ArtifactRefused or ModelMissing where the cache has none.
    """
    if isinstance(store, Path):
        return kind(store, trust, slots, hardware)
    wanted = tuple(HANDLERS if slots is None else slots)
    mirror = Mirror(store, trust)
    mirror.update_or_keep(wanted)
    follower = Follower(mirror, wanted)
    models = kind(mirror.root, trust, wanted, hardware, follower.run)
    models.place = str(store)
    return models


class Follower:
    """Keeps a mirror like its bucket, from one process at a time."""

    def __init__(self, mirror: Mirror, slots: tuple[str, ...]) -> None:
        self.mirror, self.slots = mirror, slots
        self._bucket: Bucket | None = None  # of this process, as its connections are
        self._failures = dict.fromkeys(slots, 0)
        self._due = dict.fromkeys(slots, 0.0)

    def run(self) -> None:
        """Follow for as long as this process lives; another takes over from one that has died."""
        turn = FileLock(self.mirror.root / f".following-{'-'.join(self.slots)}")
        while True:
            try:
                with turn.acquire(timeout=0):
                    self._follow()
            except Timeout:
                pass
            except Exception:
                _log.exception("bucket_not_followed")
            time.sleep(ASK_SECONDS)

    def _follow(self) -> None:
        while True:
            for slot in self.slots:
                if time.monotonic() >= self._due[slot]:
                    self._ask(slot)
            time.sleep(ASK_SECONDS)

    def _ask(self, slot: str) -> None:
        try:
            self._bucket = self._bucket or Bucket(self.mirror.address)
            self.mirror.update([slot], self._bucket)
        except Exception as error:
            self._bucket = None  # the next one finds credentials that have come meanwhile
            self._failures[slot] += 1
            pause = min(ASK_SECONDS * 2 ** self._failures[slot], LONGEST_PAUSE)
            self._due[slot] = time.monotonic() + pause
            _log.error("bucket_not_followed: %s The slot %s stays as it is.", error, slot)
        else:
            self._failures[slot] = 0
