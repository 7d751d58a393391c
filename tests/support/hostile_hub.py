"""Hubs that mean harm: each mode lies, floods or stalls in one place, and is honest elsewhere."""

import gzip
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.support.local_hub import Hub, running

Request = BaseHTTPRequestHandler
Record = dict[str, Any]

MEGABYTE = 2**20
GIGABYTE = 2**30
DRIP_SECONDS = 0.5
DEEP = 200_000


@dataclass(frozen=True)
class Mode:
    """What a hub does wrong `at` "info" (the commit), "tree" (the listing) or "file".

    `info` and `tree` make other JSON of the honest one, `headers` are added to those of files,
    `answer` answers in full. `may_work`: there is nothing to refuse where nothing is believed.
    """

    at: str = "file"
    info: Callable[[Record], object] | None = None
    tree: Callable[[list[Record]], object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: "Callable[[HostileHub, Request], object] | None" = None
    may_work: bool = False


@dataclass
class HostileHub(Hub):
    """A hub in a mode; `elsewhere` is the address of a host that must not see the token."""

    mode: Mode = field(default_factory=Mode)
    elsewhere: str = ""
    victim: Path = Path("nothing")

    def takes_over(self, request: Request) -> bool:
        if self.mode.answer is None or self.mode.at != _kind(request):
            return False
        with suppress(OSError):
            self.mode.answer(self, request)
        request.close_connection = True
        return True

    def info(self) -> Any:
        return self.mode.info(super().info()) if self.mode.info else super().info()

    def tree(self) -> Any:
        return self.mode.tree(super().tree()) if self.mode.tree else super().tree()

    def headers(self, path: Path) -> dict[str, str]:
        said = {
            name: value.format(victim=self.victim, elsewhere=self.elsewhere)
            for name, value in self.mode.headers.items()
        }
        return super().headers(path) | said


def _kind(request: Request) -> str:
    if not request.path.startswith("/api/"):
        return "file"
    return "tree" if "/tree/" in request.path else "info"


@contextmanager
def hostile(folder: Path, mode: Mode, victim: Path) -> Iterator[tuple[HostileHub, Hub]]:
    """(Hub in this mode, another host that it sends people to and that has the same files)."""
    with running(Hub(folder)) as other, running(HostileHub(folder, mode=mode)) as hub:
        hub.elsewhere, hub.victim = other.url, victim
        yield hub, other


def _head(request: Request, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()


def _says(
    content: bytes, status: int = 200, **headers: str
) -> Callable[[HostileHub, Request], object]:
    def answer(_: HostileHub, request: Request) -> None:
        _head(request, status, Content_Length=str(len(content)), **headers)
        if request.command != "HEAD":
            request.wfile.write(content)

    return answer


def _pours(block: bytes, start: bytes = b"", status: int = 200, **headers: str) -> Any:
    """Sends a block for ever, or 20 GB of it."""

    def answer(hub: HostileHub, request: Request) -> None:
        _head(request, status, **headers, **_honest(hub, request))
        if request.command != "HEAD":
            request.wfile.write(start)
            for _ in range(20 * GIGABYTE // len(block)):
                request.wfile.write(block)

    return answer


def _honest(hub: HostileHub, request: Request) -> dict[str, str]:
    path = hub.folder / request.path.partition("?")[0].rpartition("/")[2]
    return hub.headers(path) if _kind(request) == "file" and path.is_file() else {}


def _drips(piece: bytes, length: str | None = "1000000") -> Any:
    def answer(hub: HostileHub, request: Request) -> None:
        lengths = {"Content_Length": length} if length else {"Transfer_Encoding": "chunked"}
        _head(request, **lengths, **_honest(hub, request))
        if request.command != "HEAD":
            _trickle(request, piece)

    return answer


def _trickle(request: Request, piece: bytes) -> None:
    for _ in range(1000):
        request.wfile.write(piece)
        time.sleep(DRIP_SECONDS)


def _drip_head(_: HostileHub, request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _trickle(request, b"a")


def _continue_for_ever(_: HostileHub, request: Request) -> None:
    while True:
        request.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


def _pour_headers(_: HostileHub, request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        request.wfile.write(b"X-More: " + b"a" * 1000 + b"\r\n")


def _leads(address: str, status: int = 302) -> Any:
    """Redirects; `{elsewhere}`, `{own}` and `{path}` are filled in."""

    def answer(hub: HostileHub, request: Request) -> None:
        place = address.format(elsewhere=hub.elsewhere, own=hub.url, path=request.path)
        _head(request, status, Location=place, Content_Length="0", **_honest(hub, request))

    return answer


def _page_for_ever(link: str) -> Any:
    def answer(hub: HostileHub, request: Request) -> None:
        place = link.format(
            elsewhere=hub.elsewhere, own=hub.url, path=request.path.partition("?")[0]
        )
        place += f"?cursor={time.monotonic_ns()}"
        _head(request, Link=f'<{place}>; rel="next"', Content_Length="2")
        request.wfile.write(b"[]")

    return answer


def _bomb(hub: HostileHub, request: Request) -> None:
    bomb = gzip.compress(b" " * (256 * MEGABYTE), 9)
    _head(
        request,
        Content_Encoding="gzip",
        Content_Length=str(len(bomb) * 40),
        **_honest(hub, request),
    )
    if request.command != "HEAD":
        for _ in range(40):
            request.wfile.write(bomb)


def _cut(hub: HostileHub, request: Request) -> None:
    _head(request, Content_Length="100000000", **_honest(hub, request))
    if request.command != "HEAD":
        request.wfile.write(b"{")


def _mispart(hub: HostileHub, request: Request) -> None:
    _head(request, 206, Content_Range="bytes 7-9/10", Content_Length="3", **_honest(hub, request))
    if request.command != "HEAD":
        request.wfile.write(b"abc")


def _sha(value: object) -> Callable[[Record], object]:
    return lambda info: {**info, "sha": value}


def _entries(**values: object) -> Callable[[list[Record]], object]:
    """Each entry with these values."""
    return lambda tree: [{**entry, **values} for entry in tree]


def _large(**values: object) -> Callable[[list[Record]], object]:
    """The entry of the weights with these values in what is said of large file storage."""
    return lambda tree: [
        {**entry, "lfs": {**entry["lfs"], **values}} if "lfs" in entry else entry for entry in tree
    ]


def _with_paths(*paths: str) -> Callable[[list[Record]], object]:
    return lambda tree: [*tree, *({**tree[0], "path": path} for path in paths)]


PAGE = b"<!DOCTYPE html><title>Sign in to the network</title>"
YEAR = str(365 * 86_400)
ROUTES = ("info", "tree", "file")

_ANYWHERE: dict[str, Callable[[HostileHub, Request], object]] = {
    "a page of HTML": _says(PAGE, Content_Type="text/html"),
    "429, ask again in a year": _says(b"", 429, Retry_After=YEAR),
    "503 for ever": _says(b"", 503, Retry_After=YEAR),
    "an error of gigabytes": _pours(b"x" * MEGABYTE, status=404),
    "gigabytes": _pours(b"[" * MEGABYTE),
    "a byte now and then": _drips(b" "),
    "a chunk's head, a byte now and then": _drips(b"0", length=None),
    "a head, a byte now and then": _drip_head,
    "a head of gigabytes": _pour_headers,
    "early hints for ever": _continue_for_ever,
    "a gzip bomb": _bomb,
    "a body that is cut off": _cut,
    "a redirect to itself": _leads("{own}{path}"),
    "a redirect to a file": _leads("file:///etc/passwd"),
    "a redirect to no address": _leads("http://[::1/\x7f"),
    "a redirect with gigabytes": _pours(b"x" * MEGABYTE, status=302, Location="/nowhere"),
    "no content": _says(b"", 204),
    "another kind of success": _says(b"{}", 299),
}

MODES: dict[str, Mode] = {
    "an honest one": Mode(may_work=True),
    **{
        f"{at}: {name}": Mode(at, answer=answer)
        for at in ROUTES
        for name, answer in _ANYWHERE.items()
    },
    **{
        f"{at}: a redirect to another host": Mode(
            at, answer=_leads("{elsewhere}{path}", 307), may_work=True
        )
        for at in ROUTES
    },
    "info: deep JSON": Mode("info", answer=_says(b"[" * DEEP)),
    "info: a list": Mode(info=lambda _: [1]),
    "info: a commit above": Mode(info=_sha("../../../../victim")),
    "info: an absolute commit": Mode(info=_sha("/tmp/victim")),  # noqa: S108
    "info: a commit with a line end": Mode(info=_sha("a" * 40 + "\n")),
    "info: a commit of other digits": Mode(info=_sha("１" * 40)),
    "info: no commit": Mode(info=_sha(None)),
    "info: a number": Mode(info=_sha(1)),
    "info: no UTF-8": Mode("info", answer=_says(b'{"sha": "\xff\xfe"}')),
    "info: a number of many digits": Mode("info", answer=_says(b'{"sha": ' + b"9" * 10**5 + b"}")),
    "tree: deep JSON": Mode("tree", answer=_says(b"[" * DEEP)),
    "tree: an object": Mode(tree=lambda _: {"error": "none"}),
    "tree: entries of other kinds": Mode(
        tree=lambda tree: [1, None, "a", [], *tree], may_work=True
    ),
    "tree: pages for ever": Mode("tree", answer=_page_for_ever("{own}{path}")),
    "tree: a next page at another host": Mode("tree", answer=_page_for_ever("{elsewhere}{path}")),
    "tree: paths above, absolute, with NUL": Mode(
        tree=_with_paths("../victim", "/tmp/victim", "a\0b", "../config.json"),  # noqa: S108
        may_work=True,
    ),
    "tree: a file twice": Mode(tree=lambda tree: [*tree, *tree]),
    "tree: a negative size": Mode(tree=_entries(size=-1)),
    "tree: a huge size": Mode(tree=_entries(size=2**62)),
    "tree: 1 TB of settings": Mode(tree=_entries(size=2**40)),
    "tree: no size": Mode(tree=_entries(size=None)),
    "tree: a size in words": Mode(tree=_entries(size="many")),
    "tree: a size of truth": Mode(tree=_entries(size=True)),
    "tree: paths that are numbers": Mode(tree=_entries(path=1)),
    "tree: a blob id above": Mode(tree=_entries(oid="../../victim")),
    "tree: no blob id": Mode(tree=_entries(oid=None)),
    "tree: a sha256 above": Mode(tree=_large(oid="../../victim")),
    "tree: two sizes": Mode(tree=_large(size=1)),
    "tree: large file storage is a list": Mode(tree=_entries(lfs=[1])),
    "file: an absolute ETag": Mode(headers={"ETag": '"{victim}"'}, may_work=True),
    "file: an absolute ETag that is new": Mode(headers={"ETag": '"{victim}.new"'}, may_work=True),
    "file: an ETag above": Mode(headers={"ETag": '"../../../../victim/kept"'}, may_work=True),
    "file: an absolute ETag of storage": Mode(
        headers={"X-Linked-Etag": '"{victim}"', "X-Linked-Size": "7"}, may_work=True
    ),
    "file: no ETag": Mode(headers={"ETag": ""}, may_work=True),
    "file: an ETag of 10 kB": Mode(headers={"ETag": '"' + "a" * 10_000 + '"'}, may_work=True),
    "file: another commit": Mode(headers={"X-Repo-Commit": "../../../victim"}, may_work=True),
    "file: a size of storage": Mode(headers={"X-Linked-Size": "-1"}, may_work=True),
    "file: chunks from another host": Mode(
        headers={
            "X-Xet-Hash": "0" * 64,
            "Link": '<{elsewhere}/owner/tiny/xet>; rel="xet-auth"',
        },
        may_work=True,
    ),
    "file: another part": Mode(answer=_mispart),
    "file: another encoding": Mode(answer=_says(b"\x28\xb5\x2f\xfd", Content_Encoding="zstd")),
    "file: more than is listed": Mode(
        answer=_pours(b"x" * MEGABYTE, Content_Type="application/json")
    ),
    "file: other bytes": Mode(answer=_says(b"{}")),
}
