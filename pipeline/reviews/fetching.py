"""A file over HTTP into a part on the disk: bounded, retried, continued where it broke off."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from ssl import SSLError
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from pipeline.addresses import reason_of
from pipeline.durability import write_durably
from pipeline.errors import ResourceUnavailable
from pipeline.own_files import create, discard_own, reopen
from pipeline.progress import progress_bar
from pipeline.receiving import Bounds, response_class

TIMEOUT_SECONDS = 10
SLOWEST = 1024
"""Bytes a second that an answer has to arrive with, over TIMEOUT_SECONDS."""
MOST_HEAD = 2**20
"""Bytes of an answer beside its content: its head, and how it is cut into chunks."""
ATTEMPTS = 4
_CHUNK = 1 << 16
_LONGEST_TAG = 1024
_OF_THE_SERVER = (URLError, TimeoutError, ConnectionError, SSLError, HTTPException, ValueError)


@dataclass(frozen=True)
class Wanted:
    """A file to download into `part`.

    `size` in bytes, where it is known; the caller then verifies the content. Where it is not, the
    server's own ETag says whether it still has the same file, and what is larger than `most` bytes
    is refused.
    """

    url: str
    part: Path
    most: int
    size: int | None = None

    @property
    def tag(self) -> Path:
        """Where the ETag of the part is kept."""
        return self.part.with_name(f"{self.part.name}.etag")


class _Start(NamedTuple):
    """Where an answer's content belongs, and how long the file is with it, if that is said."""

    place: int
    end: int | None


def download(wanted: Wanted, how_to_fix: str) -> None:
    """Fetch a file; after each interruption, continue from what its part holds.

    At most one byte more than its size is written, so that no source can fill the disk. Raises
    ResourceUnavailable where the server does not answer, or with too much; the part stays.
    """
    problem = "it sent less than it should"
    for attempt in range(ATTEMPTS):
        if _is_long_enough(wanted):
            return
        time.sleep(0.2 * attempt)
        try:
            if _fetch_rest(wanted):
                return
        except HTTPError as error:
            problem = f"it answers {error.code} {error.reason}"
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                discard_own(wanted.part)  # it is no part of what the server has
            elif error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        except _OF_THE_SERVER as error:
            cause = getattr(error, "reason", error)  # of a URLError, a text or an exception
            problem = reason_of(cause if isinstance(cause, Exception) else error)
            if isinstance(error, URLError) and attempt == 0:
                break
    if _is_long_enough(wanted):
        return
    kept = f" {wanted.part} is kept; the next call continues from there." * wanted.part.exists()
    raise ResourceUnavailable(f"{wanted.url} could not be read: {problem}.{kept} {how_to_fix}")


def _is_long_enough(wanted: Wanted) -> bool:
    return wanted.size is not None and _length(wanted.part) >= wanted.size


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _fetch_rest(wanted: Wanted) -> bool:
    """Fetch what is missing; whether that is the whole file, as far as the answer tells."""
    request = Request(wanted.url, headers=_range(wanted))  # noqa: S310
    limit = wanted.most if wanted.size is None else wanted.size + 1
    with _opener(limit + MOST_HEAD).open(request, timeout=TIMEOUT_SECONDS) as response:
        start = _start_of(response, wanted)
        if start.place == 0:
            create(wanted.part, like=wanted.part).close()
            _keep_tag(wanted, response.headers.get("ETag", ""))
        with reopen(wanted.part) as output:
            output.seek(start.place)
            end = _pour(response, output, start, limit, wanted)
    return wanted.size is None and (start.end is None or end >= start.end)


def _range(wanted: Wanted) -> dict[str, str]:
    """Headers that ask for what the part lacks, as long as that is a part of the same file."""
    have = _length(wanted.part)
    if not have:
        return {}
    if wanted.size is not None:
        return {"Range": f"bytes={have}-"}
    tag = wanted.tag.read_text("ascii", "replace") if wanted.tag.is_file() else ""
    return {"Range": f"bytes={have}-", "If-Range": tag} if _is_strong(tag) else {}


def _is_strong(tag: str) -> bool:
    """Whether equal tags mean equal bytes (RFC 9110, 8.8.3)."""
    is_quoted = len(tag) > 2 and tag.startswith('"') and tag.endswith('"')
    return is_quoted and tag.isascii() and tag.isprintable() and len(tag) <= _LONGEST_TAG


def _keep_tag(wanted: Wanted, tag: str) -> None:
    if wanted.size is None:
        write_durably(wanted.tag, tag.encode("ascii") if _is_strong(tag) else b"")


def _start_of(response: HTTPResponse, wanted: Wanted) -> _Start:
    """Where the content goes on; raises HTTPException for another part than was asked for."""
    length = response.headers.get("Content-Length", "")
    have = _length(wanted.part) if response.status == HTTPStatus.PARTIAL_CONTENT else 0
    told = response.headers.get("Content-Range")
    if have and not (told or f"bytes {have}-").startswith(f"bytes {have}-"):
        raise HTTPException("it sends another part than the one asked for")
    return _Start(have, have + int(length) if length.isascii() and length.isdigit() else None)


def _pour(
    response: HTTPResponse, output: IO[bytes], start: _Start, limit: int, wanted: Wanted
) -> int:
    """Copy the content, `limit` bytes of the file at most; where the file now ends."""
    place = start.place
    end = limit if start.end is None else min(start.end, limit)
    with progress_bar(wanted.size or start.end, wanted.part.stem, unit="B") as bar:
        bar.update(place)
        while place < end and (chunk := response.read1(min(_CHUNK, end - place))):
            output.write(chunk)
            place += len(chunk)
            bar.update(len(chunk))
    output.truncate()
    if wanted.size is None and place >= limit:
        raise ValueError(f"it sends more than {limit:,} bytes")
    return place


def _opener(most_bytes: int) -> OpenerDirector:
    """What opens addresses of http and https alone, also behind redirects, within bounds."""
    bounds = Bounds(TIMEOUT_SECONDS, most_bytes, renewed_by=SLOWEST * TIMEOUT_SECONDS)
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        UnknownHandler(),
        _BoundedHandler(bounds),
        HTTPDefaultErrorHandler(),
        HTTPRedirectHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


class _BoundedHandler(HTTPHandler, HTTPSHandler):
    """Opens addresses of both kinds."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        self.bounds = bounds

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(_bounded(HTTPConnection, self.bounds), request)

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(_bounded(HTTPSConnection, self.bounds), request)


def _bounded(kind: type[HTTPConnection], bounds: Bounds) -> Any:
    """What makes connections of this kind."""

    def connect(*arguments: Any, **options: Any) -> HTTPConnection:
        connection = kind(*arguments, **options)
        connection.response_class = response_class(bounds)  # type: ignore[assignment]
        return connection

    return connect
