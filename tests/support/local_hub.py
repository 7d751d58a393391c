"""A hub on the loopback with the routes that huggingface_hub uses, and faults on demand."""

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.loopback import serving

LARGE = (".safetensors", ".bin")
"""Kept in large file storage, so listed with a sha256."""


@dataclass
class Hub:
    """Repositories, by default owner/tiny, each with a folder's files at a commit.

    `statuses` answer the next requests; `truncates` and `flips` so many bodies of weights;
    `error` is a status and an error code for every request.
    """

    folder: Path
    commit: str = "a" * 40
    repositories: tuple[str, ...] = ("owner/tiny",)
    url: str = ""
    statuses: list[int] = field(default_factory=list)
    truncates: int = 0
    flips: int = 0
    error: tuple[int, str] | None = None
    bodies: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def tree(self) -> list[dict[str, object]]:
        return [self._entry(path) for path in sorted(self.folder.iterdir())]

    def _entry(self, path: Path) -> dict[str, object]:
        content = path.read_bytes()
        entry: dict[str, object] = {
            "type": "file",
            "path": path.name,
            "size": len(content),
            "oid": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),  # noqa: S324
        }
        if path.suffix in LARGE:
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
        return entry

    def takes_over(self, _: BaseHTTPRequestHandler) -> bool:
        """Whether a hub of another kind has answered."""
        return False

    def info(self) -> dict[str, object]:
        return {"id": self.repositories[0], "sha": self.commit, "siblings": []}

    def headers(self, path: Path) -> dict[str, str]:
        """What is said of a file, but for its length."""
        etag = hashlib.sha256(path.read_bytes()).hexdigest()
        return {"ETag": f'"{etag}"', "X-Repo-Commit": self.commit}

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.tokens.append(request.headers.get("Authorization"))
        if self.takes_over(request):
            return
        parts = request.path.partition("?")[0].strip("/").split("/")
        if self.statuses and (status := self.statuses.pop(0)) >= 400:
            self._refuse(request, status, "")
        elif self.error:
            self._refuse(request, *self.error)
        elif not any(name in request.path for name in self.repositories):
            self._refuse(request, 404, "RepoNotFound")
        elif parts[:2] == ["api", "models"]:
            self._api(request, parts[4:])
        else:
            self._file(request, self.folder / parts[-1])

    def _refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _api(self, request: BaseHTTPRequestHandler, rest: list[str]) -> None:
        if rest and rest[-1] not in ("main", self.commit):
            self._refuse(request, 404, "RevisionNotFound")
            return
        body = json.dumps(self.tree() if rest[:1] == ["tree"] else self.info()).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _file(self, request: BaseHTTPRequestHandler, path: Path) -> None:
        if not path.is_file():
            self._refuse(request, 404, "EntryNotFound")
            return
        content, is_get = path.read_bytes(), request.command == "GET"
        asked = request.headers.get("Range")
        start = int(asked[6:].partition("-")[0]) if asked else 0
        request.send_response(206 if start else 200)
        for name, value in self.headers(path).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        if not is_get:
            return
        self.bodies.append(path.name)
        self.starts.append(start)
        body = content[start:]
        if path.suffix in LARGE and self.flips:
            self.flips -= 1
            body = bytes([body[0] ^ 1]) + body[1:]
        if path.suffix in LARGE and self.truncates:
            self.truncates -= 1
            body = body[: len(body) // 2]
        request.wfile.write(body)


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.answer(self)

        def do_HEAD(self) -> None:
            hub.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as hub.url:
        yield hub


@contextmanager
def silent() -> Iterator[str]:
    """The address of a hub that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


REFUSING = "http://127.0.0.1:9"
"""An address where nothing listens."""
