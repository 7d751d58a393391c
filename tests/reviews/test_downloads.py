"""`sentiment data` against a real HTTP server that also misbehaves."""

import hashlib
import resource
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.reviews import downloads
from pipeline.reviews.nsmc import NsmcFile
from tests.support.loopback import serving
from tests.support.paths import SENTIMENT

CONTENT = b"id\tdocument\tlabel\n" + "1\t정말 좋다\t1\n2\t별로\t0\n".encode() * 5_000
FILE = NsmcFile("ratings.txt", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), 10_000)


@dataclass
class Corpus:
    """What the server does: the bytes it sends, and how often it breaks off after how many."""

    content: bytes = CONTENT
    breaks: int = 0
    break_after: int = 50_000
    claims: int | None = None
    honours_range: bool = True
    statuses: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers["Range"]
        self.ranges.append(asked)
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        start = int(asked[6:-1]) if asked and self.honours_range else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(self.claims or len(body)))
        request.end_headers()
        if self.breaks:
            self.breaks -= 1
            body = body[: self.break_after]
        request.wfile.write(body)


@pytest.fixture
def corpus() -> Corpus:
    return Corpus()


@pytest.fixture
def url(corpus: Corpus) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            corpus.serve(self)

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


@pytest.fixture(autouse=True)
def _one_small_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus of these tests: the real one is 20 MB."""
    monkeypatch.setattr(downloads, "NSMC", (FILE,))


Get = Callable[[], list[tuple[Path, int]]]


@pytest.fixture
def get(url: str, tmp_path: Path) -> Get:
    return lambda: list(downloads.get_nsmc(url, tmp_path))


def test_gets_the_file_whole(get: Get, tmp_path: Path) -> None:
    assert get() == [(tmp_path / FILE.name, 10_000)]
    assert [path.name for path in tmp_path.iterdir()] == [FILE.name]


def test_a_file_that_is_there_is_not_fetched_again(get: Get, corpus: Corpus) -> None:
    get()
    get()
    assert len(corpus.ranges) == 1


def test_goes_on_where_it_broke_off(get: Get, corpus: Corpus, tmp_path: Path) -> None:
    corpus.breaks = 2
    get()
    assert corpus.ranges == [None, "bytes=50000-", "bytes=100000-"]
    assert (tmp_path / FILE.name).read_bytes() == CONTENT


def test_starts_over_where_the_server_knows_no_ranges(get: Get, corpus: Corpus) -> None:
    corpus.breaks, corpus.honours_range = 1, False
    assert get()[0][1] == 10_000


def test_a_later_call_resumes(get: Get, corpus: Corpus, tmp_path: Path) -> None:
    corpus.breaks, corpus.break_after = 99, 10
    with pytest.raises(ResourceUnavailable, match=r"ratings\.txt\.part is kept"):
        get()
    assert [path.name for path in tmp_path.iterdir()] == ["ratings.txt.part"]
    corpus.breaks = 0
    assert get()[0][1] == 10_000


def test_wrong_bytes_are_refused_and_removed(get: Get, corpus: Corpus, tmp_path: Path) -> None:
    corpus.content = CONTENT.replace("별로".encode(), "최고".encode(), 1)
    with pytest.raises(InvalidInput, match="not the published file"):
        get()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("claims", [10, len(CONTENT) - 1, len(CONTENT) + 1, 10**9])
def test_a_lie_about_the_length_leaves_no_file(
    get: Get, corpus: Corpus, claims: int, tmp_path: Path
) -> None:
    corpus.claims = claims
    corpus.honours_range = False
    if claims < len(CONTENT):
        with pytest.raises(ResourceUnavailable):
            get()
        assert not (tmp_path / FILE.name).exists()
    else:
        assert get()[0][1] == 10_000


def test_an_endless_body_is_cut(get: Get, corpus: Corpus, tmp_path: Path) -> None:
    corpus.content = CONTENT * 50
    with pytest.raises(InvalidInput, match="size differs"):
        get()
    assert list(tmp_path.iterdir()) == []


def test_server_errors_are_retried(get: Get, corpus: Corpus) -> None:
    corpus.statuses = [500, 503]
    assert get()[0][1] == 10_000


def test_a_missing_file_is_told_at_once(get: Get, corpus: Corpus) -> None:
    corpus.statuses = [404] * 9
    with pytest.raises(ResourceUnavailable, match="404"):
        get()
    assert len(corpus.ranges) == 1


def test_no_connection_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match="could not be read"):
        list(downloads.get_nsmc("http://127.0.0.1:9", tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_copies_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / FILE.name).write_bytes(CONTENT)
    ((path, rows),) = downloads.get_nsmc(str(tmp_path / "here"), tmp_path / "there")
    assert (path.read_bytes(), rows) == (CONTENT, 10_000)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is no file"):
        list(downloads.get_nsmc(str(tmp_path), tmp_path))


def test_a_full_disk_leaves_no_file(nsmc: Path, tmp_path: Path) -> None:
    """A limit on file size fails the write as a full disk does."""
    command = [SENTIMENT, "data", "--from", str(nsmc), "--to", str(tmp_path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6)),
    )
    assert (done.returncode, list(tmp_path.iterdir())) == (5, [])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://a..b", "http://h:x", "http://h/한글", "ftp://h", "http://me:it@h"],
)
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="address"):
        list(downloads.get_nsmc(url, tmp_path / "new"))
    assert not (tmp_path / "new").exists()
