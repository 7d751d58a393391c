"""Fixtures: a bucket of the test's own on a real server, with a proxy before it that can fail."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.bucket.client import Bucket
from pipeline.artifacts.bucket.pointing import point
from pipeline.artifacts.bucket.publishing import upload
from tests.support.s3_server import Proxy, ask_there, proxy_before, s3_server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    pytest.importorskip("botocore", reason="needs botocore and moto: make test-remote")
    pytest.importorskip("moto.server", reason="needs moto: make test-remote")
    with s3_server() as port:
        yield port


@pytest.fixture
def proxy(s3_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way to the server, for this process and those that it starts; the cache is empty."""
    with proxy_before(s3_port) as proxy:
        ask_there(proxy.url, monkeypatch)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield proxy


@pytest.fixture
def bucket(proxy: Proxy) -> Iterator[Bucket]:  # noqa: ARG001 - the way there
    """An empty store in a new bucket."""
    with Bucket(BucketAddress(f"models-{next(_NUMBERS)}", "nsmc")) as bucket:
        bucket._client.create_bucket(Bucket=bucket.address.bucket)
        yield bucket


def publish(bucket: Bucket, folder: Path) -> str:
    """Put an artifact into the bucket and make it current; return its digest."""
    upload(bucket, folder)
    point(bucket, folder.parent.name, folder.name)
    return folder.name


def put(bucket: Bucket, content: bytes, *parts: str) -> None:
    """Put anything anywhere."""
    key = bucket.address.key(*parts)
    bucket._client.put_object(Bucket=bucket.address.bucket, Key=key, Body=content)


def get(bucket: Bucket, *parts: str) -> bytes:
    """The content of an object."""
    found = bucket.read(*parts, largest=2**30)
    assert found is not None
    return found.content
