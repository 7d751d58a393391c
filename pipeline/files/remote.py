"""Files by address, such as s3://bucket/reviews.parquet, through fsspec."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlsplit

from pipeline.addresses import reason_of
from pipeline.errors import InvalidInput, ResourceUnavailable

_LIBRARIES = ("aiohttp", "yarl", "botocore", "aiobotocore")
"""What fsspec's file systems are made with; their errors are no OSError."""


def is_remote(path: str) -> bool:
    """Whether this is an address rather than a path."""
    return "://" in path


def file_system(address: str) -> tuple[Any, str]:
    """Return (fsspec file system, path in it).

    Raises ResourceUnavailable if fsspec, or what it needs for this scheme, is not installed,
    InvalidInput for what is no address.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise InvalidInput(f"{address!a} is no address ({error}).") from None
    try:
        import fsspec

        return fsspec.core.url_to_fs(address)  # type: ignore[no-any-return]
    except (ImportError, ValueError) as error:
        raise ResourceUnavailable(
            f"{address}: cannot be reached ({error}). Install the extra: "
            "pip install 'sentiment-toolkit[aws]'."
        ) from None


@contextmanager
def reached(address: str) -> Iterator[None]:
    """Raise ResourceUnavailable for what the libraries behind fsspec raise of their own."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _LIBRARIES or isinstance(error, OSError):
            raise
        raise ResourceUnavailable(
            f"{address} could not be read: {reason_of(error)}. Try again later, or get it by hand."
        ) from None


@contextmanager
def open_remote(address: str) -> Iterator[IO[bytes]]:
    """Open for reading; the file can seek."""
    system, path = file_system(address)
    with reached(address), system.open(path, "rb") as file:
        yield file


def fingerprint(address: str) -> dict[str, Any]:
    """Size in bytes and a token that changes when the file does."""
    system, path = file_system(address)
    with reached(address):
        return {"size": system.size(path), "modified": str(system.ukey(path))}


def expanded(address: str) -> list[str]:
    """Addresses of the files under a prefix, or that fit a glob, sorted."""
    system, path = file_system(address)
    with reached(address):
        found = system.glob(path) if any(c in path for c in "*?[") else system.find(path)
    return sorted(system.unstrip_protocol(one) for one in found)


def upload(local: str, address: str) -> None:
    """Copy a finished local file to this address, in one piece as the store sees it."""
    system, path = file_system(address)
    system.put_file(local, path)


def exists(address: str) -> bool:
    """Whether there is such a file now."""
    system, path = file_system(address)
    system.invalidate_cache()
    return bool(system.exists(path))


def read(place: str) -> bytes | None:
    """Content of a small file at a path or address, None if there is none."""
    system, path = file_system(place)
    try:
        content: bytes = system.cat_file(path)
    except FileNotFoundError:
        return None
    return content


def write(place: str, content: bytes) -> None:
    """Make a small file, and its folder."""
    system, path = file_system(place)
    system.makedirs(path.rpartition("/")[0], exist_ok=True)
    system.pipe_file(path, content)


def remove(place: str) -> None:
    """Remove a file if it is there."""
    system, path = file_system(place)
    try:
        system.rm_file(path)
    except FileNotFoundError:
        return
