"""Addresses of stores in buckets: s3://bucket/prefix."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.errors import InvalidInput, SentimentError

SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PART = re.compile(r"(?!\.+$)[A-Za-z0-9_.=-]{1,255}")
_LONGEST_PREFIX = 512


@dataclass(frozen=True)
class BucketAddress:
    """A store of artifacts in a bucket, laid out under `prefix` as a local one is in its folder."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse s3://bucket or s3://bucket/prefix; raises InvalidInput for anything else."""
        bucket, _, prefix = text.removeprefix(SCHEME).removesuffix("/").partition("/")
        parts = prefix.split("/") if prefix else []
        is_right = _BUCKET.fullmatch(bucket) and all(map(_PART.fullmatch, parts))
        if not text.startswith(SCHEME) or not is_right or len(prefix) > _LONGEST_PREFIX:
            raise InvalidInput(f"{text!a} is no address like s3://bucket/prefix.")
        return cls(bucket, prefix)

    def key(self, *parts: str) -> str:
        """The key of an object of the store."""
        return "/".join([*filter(None, [self.prefix]), *parts])

    def __str__(self) -> str:
        return SCHEME + "/".join(filter(None, (self.bucket, self.prefix)))


@contextmanager
def named_in_errors(root: Path, store: object) -> Iterator[None]:
    """In errors of the block, the store is named in place of the folder that stands for it."""
    try:
        yield
    except SentimentError as error:
        raise type(error)(str(error).replace(str(root), str(store))) from None
