"""A bucket, asked through botocore: whole objects in and out, within bounds, with retries."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.bucket.downloading import Download
from pipeline.artifacts.bucket.reaching import MISSING_EXTRA, code_of, reached
from pipeline.errors import InvalidInput, ResourceUnavailable

MOST_OBJECTS = 20_000
"""That are listed: those of some thousand artifacts."""
ATTEMPTS = 3
"""For each request, by botocore, which pauses between them."""
CONNECT_SECONDS, READ_SECONDS = 5, 30
LARGEST_UPLOAD = 5 * 2**30
"""Bytes of an object that S3 takes in one piece."""

_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409", "NoSuchKey"}
_MISSING = {"NoSuchKey", "404"}
_DENIED = {"AccessDenied", "Forbidden", "403"}
_UNCHANGED = {"NotModified", "304"}


@dataclass(frozen=True)
class Found:
    """The content of an object and its ETag."""

    content: bytes
    etag: str


@dataclass(frozen=True)
class Listed:
    """An object's name, in parts, under the store's prefix, and when it was written."""

    parts: tuple[str, ...]
    written: datetime


class ChangedMeanwhile(Exception):
    """A conditional write was refused: the object is not, or no longer, what it was based on."""


class Bucket:
    """The objects of a store; the parts of a name follow the store's prefix.

    Every method raises ResourceUnavailable where the bucket cannot be used.
    """

    def __init__(self, address: BucketAddress) -> None:
        self.address = address
        self._client = _connect(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def read(self, *parts: str, largest: int, unless: str | None = None) -> Found | None:
        """An object of at most `largest` bytes; None if there is none. For the rest see `copy`."""
        file = io.BytesIO()
        etag = self.copy(file, *parts, largest=largest, unless=unless)
        return None if etag is None else Found(file.getvalue(), etag)

    def copy(
        self, file: IO[bytes], *parts: str, largest: int, unless: str | None = None
    ) -> str | None:
        """Write an object to a file; return its ETag, None if there is no such object.

        `unless`: the ETag of a state that is known; if that is still its, nothing is written.
        After a cut connection the rest alone is asked for. Raises ArtifactRefused where it is
        larger than `largest` bytes.
        """
        from botocore.exceptions import ClientError

        wanted = {"Bucket": self.address.bucket, "Key": self.address.key(*parts)}
        with reached(self.address, self._client):
            try:
                download = Download(self._client, wanted, largest)
                return download.run(file, {} if unless is None else {"IfNoneMatch": unless})
            except ClientError as error:
                if code_of(error) in _UNCHANGED:
                    return unless
                if code_of(error) in _MISSING or self._is_hidden(error, wanted["Key"]):
                    return None
                raise

    def _is_hidden(self, error: Any, key: str) -> bool:
        """Whether access is denied to what is not there.

        That is all that S3 says of it to those who may list no more than the store's prefix.
        """
        return code_of(error) in _DENIED and self._find(key) is None

    def _find(self, key: str) -> dict[str, Any] | None:
        """What a listing says of an object; None if there is none."""
        with reached(self.address, self._client):
            wanted = {"Bucket": self.address.bucket, "Prefix": key, "MaxKeys": 1}
            found = self._client.list_objects_v2(**wanted).get("Contents", [])
        return next((dict(one) for one in found if one["Key"] == key), None)

    def write(self, *parts: str, content: Path) -> None:
        """Make or replace an object: a file's content. Raises InvalidInput above 5 GiB."""
        if content.stat().st_size > LARGEST_UPLOAD:
            raise InvalidInput(f"{content.name} is larger than the 5 GiB that S3 takes in a piece.")
        with reached(self.address, self._client), content.open("rb") as file:
            self._client.put_object(
                Bucket=self.address.bucket, Key=self.address.key(*parts), Body=file
            )

    def replace(self, *parts: str, content: bytes, etag: str | None) -> None:
        """Replace the object whose ETag is this; None: make it, if there is none.

        Raises ChangedMeanwhile where somebody else was first.
        """
        from botocore.exceptions import ClientError

        wanted = {"Bucket": self.address.bucket, "Key": self.address.key(*parts)}
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        with reached(self.address, self._client):
            try:
                self._client.put_object(**wanted, Body=content, **condition)
            except ClientError as error:
                if code_of(error) in _LOST:
                    raise ChangedMeanwhile from None
                raise

    def remove(self, *parts: str) -> None:
        """Remove an object if it is there."""
        with reached(self.address, self._client):
            self._client.delete_object(Bucket=self.address.bucket, Key=self.address.key(*parts))

    def etag(self, *parts: str) -> str | None:
        """The ETag of an object, None if there is none."""
        found = self._find(self.address.key(*parts))
        return None if found is None else str(found["ETag"])

    def has(self, *parts: str) -> bool:
        """Whether there is such an object."""
        return self.etag(*parts) is not None

    def names(self, *parts: str) -> Iterator[Listed]:
        """The objects whose names begin with these parts, at most MOST_OBJECTS."""
        wanted = {"Bucket": self.address.bucket, "Prefix": self.address.key(*parts, "")}
        beginning, count = len(self.address.key("")), 0
        with reached(self.address, self._client):
            for page in self._client.get_paginator("list_objects_v2").paginate(**wanted):
                for one in page.get("Contents", []):
                    count += 1
                    if count > MOST_OBJECTS:
                        raise ResourceUnavailable(
                            f"{self.address} holds more than {MOST_OBJECTS:,} objects, which no "
                            "store of artifacts does. Use a prefix of its own."
                        )
                    yield Listed(tuple(one["Key"][beginning:].split("/")), one["LastModified"])


def _connect(address: BucketAddress) -> Any:
    """A client for S3, set up by the variables and files of AWS's own tools."""
    try:
        from botocore.config import Config
        from botocore.session import Session
    except ImportError:
        raise ResourceUnavailable(f"{address} {MISSING_EXTRA}") from None
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        response_checksum_validation="when_required",  # the manifest's sha256 says it better
    )
    with reached(address):
        try:
            return Session().create_client("s3", config=config)
        except ValueError as error:  # AWS_ENDPOINT_URL is none
            raise ResourceUnavailable(f"{address}: {error}. Mend AWS_ENDPOINT_URL.") from None
