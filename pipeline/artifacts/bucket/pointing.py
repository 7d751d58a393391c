"""The object current.json of a slot in a bucket: read with care, replaced only where unchanged."""

from dataclasses import dataclass
from typing import Any

from pipeline.artifacts.bucket.client import Bucket, ChangedMeanwhile
from pipeline.artifacts.pointer import CURRENT, LARGEST, Unusable, next_content, parse_record
from pipeline.artifacts.verification import MANIFEST
from pipeline.errors import ArtifactRefused, ResourceUnavailable


@dataclass(frozen=True)
class Pointer:
    """What a slot's current.json said, and the ETag that it had then; no record where unchanged."""

    record: dict[str, Any]
    etag: str | None

    @property
    def digest(self) -> str:
        """That of the current artifact."""
        return str(self.record["digest"])


def find_pointer(bucket: Bucket, slot: str, known: str | None = None) -> Pointer | None:
    """A slot's pointer, None where there is none; `known`: the ETag of one that is known.

    Raises ArtifactRefused where it is damaged.
    """
    try:
        found = bucket.read(slot, CURRENT, largest=LARGEST, unless=known)
        if found is None:
            return None
        return Pointer({} if found.etag == known else parse_record(found.content), found.etag)
    except (ArtifactRefused, Unusable) as error:
        raise ArtifactRefused(
            f"{bucket.address}/{slot}/{CURRENT} is damaged ({error}). Repair it: sentiment "
            f"artifacts use DIGEST --artifacts {bucket.address}"
        ) from None


def point(bucket: Bucket, slot: str, digest: str) -> None:
    """Make an artifact of the bucket the current one of its slot.

    A damaged pointer is replaced. Raises ResourceUnavailable where somebody else did the same at
    the same time and was first, or the artifact was removed meanwhile.
    """
    try:
        before = find_pointer(bucket, slot)
    except ArtifactRefused:
        before = Pointer({}, bucket.etag(slot, CURRENT))
    content = next_content(before.record if before else {}, digest)
    if content is not None:
        _replace(bucket, slot, content, before.etag if before else None)
    if not bucket.has(slot, digest, MANIFEST):
        raise ResourceUnavailable(
            f"{bucket.address}/{slot}/{digest} was removed by a `prune` at the same time. "
            "Publish it again."
        )


def _replace(bucket: Bucket, slot: str, content: bytes, etag: str | None) -> None:
    try:
        bucket.replace(slot, CURRENT, content=content, etag=etag)
    except ChangedMeanwhile:
        now = find_pointer(bucket, slot)
        record = parse_record(content)
        if now is not None and now.record == record:  # ours, of which the answer got lost
            return
        other = f"{slot}@{now.digest}" if now else "nothing"
        raise ResourceUnavailable(
            f"Somebody else made {other} current in {bucket.address} at the same time, and it "
            f"stays so. The artifact is there, too; if it shall be current: sentiment artifacts "
            f"use {record['digest']} --artifacts {bucket.address}"
        ) from None
