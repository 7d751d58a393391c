"""Requests made up at random against a real server: every answer is of the contract."""

import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.served import Served

CONTRACT = {200, 400, 404, 405, 408, 411, 413, 414, 415, 422, 431, 503, 504}
WARM_UP = 5_000
"""Requests after which memory is looked at first."""

_HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\n"
_WORDS = (
    "재밌다",
    "노잼",
    "ㅋㅋ",
    "\x00",
    "\ud800",
    "😀",
    "e\u0301" * 9,
    "",
    " ",
    "가" * 3000,
    "NaN",
)
_NAMES = ("text", "do_fast", "Text", "", "text\x00")


@dataclass
class Fuzzed:
    """Answers by status, what was wrong, and the growth of the workers' memory in MB."""

    counts: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    growth: float = 0.0


def fuzz(server: Served, requests: int, seed: int) -> Fuzzed:
    """Send so many requests, each over a connection that is kept while the server keeps it."""
    chance, result = random.Random(seed), Fuzzed()
    client, warm = _Client(server.port), 0.0
    for number in range(requests):
        if number == min(WARM_UP, requests // 2):
            warm = memory(server)
        request = _frame(chance, _body(chance))
        try:
            status, body = client.ask(request)
        except OSError as error:
            result.problems.append(f"{number}: {type(error).__name__} for {request[:200]!r}")
            client = _Client(server.port)
            continue
        result.counts[status] += 1
        if status == 413:  # its length was a lie: what came next would be taken for the body
            client.close()
        if problem := _problem(status, body):
            result.problems.append(f"{number}: {problem} for {request[:200]!r}")
    client.close()
    result.growth = memory(server) - warm
    return result


def memory(server: Served) -> float:
    """Resident memory of all workers in MB."""
    time.sleep(1.5)
    total = 0
    for pid in server.workers():
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                total += int(line.split()[1])
    return total / 1024


def _problem(status: int, body: bytes) -> str | None:
    if status not in CONTRACT:
        return f"status {status}"
    try:
        answer = json.loads(body)
    except ValueError:
        return "no JSON"
    if status == 200 or set(answer["error"]) == {"code", "message", "field"}:
        return None
    return "another form of error"


def _body(chance: random.Random) -> bytes:
    kinds: list[Callable[[], bytes]] = [
        lambda: chance.randbytes(chance.randint(0, 200)),
        lambda: _json({"text": _text(chance), "do_fast": True}),
        lambda: _json({"text": [_text(chance) for _ in range(chance.randint(0, 40))]}),
        lambda: _json(_value(chance, 5)),
        lambda: _json({chance.choice(_NAMES): _value(chance, 3) for _ in range(3)}),
        lambda: _mutated(chance, _json({"text": [_text(chance)], "do_fast": False})),
        lambda: b"[" * chance.randint(1, 2000),
    ]
    return chance.choice(kinds)()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _text(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return "".join(chr(chance.randint(0, 0x10FFFF)) for _ in range(chance.randint(0, 30)))
    return "".join(chance.choices(_WORDS, k=chance.randint(0, 4)))


def _value(chance: random.Random, depth: int) -> object:
    if depth and chance.random() < 0.6:
        inner = [_value(chance, depth - 1) for _ in range(chance.randint(0, 4))]
        return inner if chance.random() < 0.5 else dict(zip(_NAMES, inner, strict=False))
    return chance.choice([None, True, False, 0, -1.5, 10**30, float("nan"), _text(chance)])


def _mutated(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _frame(chance: random.Random, body: bytes) -> bytes:
    """Mostly right; else with another path, type, or a length that lies, and then none too few."""
    path = chance.choice(["/predict"] * 8 + ["/explain", "/nowhere"])
    head = _HEAD.format(path=path)
    oddity = chance.random()
    if oddity < 0.05:
        head += f"Content-Type: {chance.choice(['text/plain', 'a', ';', 'application/json;'])}\r\n"
    if oddity > 0.98:
        head += "Transfer-Encoding: chunked\r\n"
        return f"{head}\r\n".encode() + body
    if oddity > 0.96:
        head += f"Content-Length: {chance.choice(['x', '-1', '99999999', '1, 1'])}\r\n"
        return f"{head}\r\n".encode() + body
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class _Client:
    """A connection, taken anew whenever the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; OSError where no whole answer comes within 15 s."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._receive()
        if b"connection: close" in lines:
            self.close()
        return int(head[9:12]), body

    def _receive(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionResetError("closed before the answer was whole")
        return part

    def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
