"""Archives as GitHub makes them of NSMC's repository, and a server that sends them in many ways."""

import contextlib
import io
import json
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipeline.reviews.raw_archive import COMMIT
from tests.support.loopback import serving

TOP = f"nsmc-{COMMIT}"


def raw_file(texts: Iterable[object]) -> bytes:
    """A film's reviews as they are in raw/."""
    fields = {"date": "15.08.25", "rating": "10", "author": "a***", "movie_id": "1"}
    reviews = [{"review": text, **fields, "review_id": str(n)} for n, text in enumerate(texts)]
    return json.dumps(reviews, ensure_ascii=False, indent=2).encode()


def raw_files(texts: Iterable[str]) -> dict[str, bytes]:
    """The repository's files with these reviews in raw/, five a film."""
    listed = list(texts)
    films = {f"raw/{n}.json": raw_file(listed[n : n + 5]) for n in range(0, len(listed), 5)}
    return {"README.md": b"# NSMC\n", "ratings.txt": b"id\n" * 40_000, **films}


def member(name: str, content: bytes = b"", **header: object) -> tuple[tarfile.TarInfo, bytes]:
    """A file of an archive; `header` overrides what its header says."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in header.items():
        setattr(info, key, value)
    return info, content


def archive(
    files: Mapping[str, bytes],
    commit: str = COMMIT,
    others: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
) -> bytes:
    """A tar.gz of a commit's files in one folder, with `others` put before them as they are."""
    packed = io.BytesIO()
    members = [*others, *(member(f"{TOP}/{name}", content) for name, content in files.items())]
    with tarfile.open(
        fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}
    ) as tar:
        for info, content in members:
            tar.addfile(info)
            assert tar.fileobj
            tar.fileobj.write(content + b"\0" * (-len(content) % tarfile.BLOCKSIZE))
            tar.offset += len(content) + -len(content) % tarfile.BLOCKSIZE
    return packed.getvalue()


@dataclass
class Upstream:
    """What the server does: the bytes it sends, how, and how often it breaks off after how many.

    `holds`: it says nothing more instead, until `released`. `drips`: a byte at a time.
    """

    content: bytes = b""
    etag: str | None = '"one"'
    honours_range: bool = True
    is_chunked: bool = False
    breaks: int = 0
    break_after: int = 1_000
    holds: bool = False
    drips: bool = False
    redirects_to: str | None = None
    asked: list[tuple[str | None, str | None]] = field(default_factory=list)
    sent: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        asked, only_if = request.headers["Range"], request.headers["If-Range"]
        self.asked.append((asked, only_if))
        if self.redirects_to:
            request.send_response(302)
            request.send_header("Location", self.redirects_to)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        is_same = only_if is None or only_if == self.etag
        start = int(asked[6:-1]) if asked and self.honours_range and is_same else 0
        body = self.content[start:]
        self._send_head(request, start, len(body))
        if self.drips:
            self._drip(request, body)
            return
        if self.breaks:
            self.breaks -= 1
            self._write(request, body[: self.break_after])
            self.sent.set()
            if self.holds:
                self.released.wait(30)
            return
        self._write(request, body)
        if self.is_chunked:
            request.wfile.write(b"0\r\n\r\n")

    def _send_head(self, request: BaseHTTPRequestHandler, start: int, length: int) -> None:
        request.send_response(206 if start else 200)
        if self.etag:
            request.send_header("ETag", self.etag)
        if start:
            whole = len(self.content)
            request.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        if self.is_chunked:
            request.send_header("Transfer-Encoding", "chunked")
        else:
            request.send_header("Content-Length", str(length))
        request.end_headers()

    def _drip(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        with contextlib.suppress(OSError):
            for place in range(len(content)):
                if self.released.wait(0.02):
                    return
                self._write(request, content[place : place + 1])

    def _write(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        if self.is_chunked:
            content = f"{len(content):x}\r\n".encode() + content + b"\r\n"
        request.wfile.write(content)
        request.wfile.flush()


@contextmanager
def served(upstream: Upstream) -> Iterator[str]:
    """The address of a server that sends it, whatever is asked for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            upstream.serve(self)

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        try:
            yield url
        finally:
            upstream.released.set()
