"""Servers that answer `sentiment verify URL` as no server should, on raw sockets of the loopback.

Each is an answer to GET /readyz, or to POST /predict after a good /readyz.
"""

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat

ESCAPE = "\x1b]0;owned\x07\x1b[31m\u202e"
"""What sets a terminal's title and colour, and turns the direction of the text."""
SECONDS = 60.0
"""How long a slow server goes on at most."""

Answer = Iterable[bytes]


def whole(content: object, status: str = "200 OK", **headers: str) -> list[bytes]:
    """An answer in which all is right but what it says."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return [head.encode("latin-1"), b"\r\n\r\n", body]


def slowly(content: bytes) -> Iterator[bytes]:
    """A byte at a time."""
    for byte in content:
        time.sleep(0.1)
        yield bytes([byte])


def held(seconds: float = SECONDS) -> Iterator[bytes]:
    """Nothing, and the connection stays open."""
    for _ in range(int(seconds * 10)):
        time.sleep(0.1)
        yield b""


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DRIP = OK + b"Content-Length: 900\r\n\r\n" + b'{"models": {' + b" " * 800

FRAMINGS: dict[str, Callable[[], Answer]] = {
    "nothing": list,
    "silence": held,
    "half a head": lambda: [OK, b"Content-Le"],
    "half a head, held": lambda: [OK, b"Content-Le", *held()],
    "drip of the head": lambda: slowly(OK + b"X-Slow: " + b"a" * 800),
    "drip of the body": lambda: slowly(DRIP),
    "endless header line": lambda: [OK, b"X: ", *repeat(b"a" * 65536, 16384)],
    "endless headers": lambda: [OK, *repeat(b"X-Y: z\r\n" * 4096, 32768)],
    "endless 100 Continue": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 2048, 20000),
    "endless 103 Early Hints": lambda: repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2048, 20000),
    "endless status line": lambda: repeat(b"a" * 65536, 16384),
    "HTTP/0.9": lambda: [b'{"models": {}}'],
    "SSH": lambda: [b"SSH-2.0-OpenSSH_9.7\r\n"],
    "status of letters": lambda: [b"HTTP/1.1 abc OK\r\n\r\n"],
    "status -1": lambda: [b"HTTP/1.1 -1 OK\r\n\r\n"],
    "status of 5000 digits": lambda: [b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n"],
    "version of the future": lambda: [b"HTTP/9.9 200 OK\r\n\r\n{}"],
    "NUL and escapes in the status": lambda: [f"HTTP/1.1 {ESCAPE}\0\r\n\r\n".encode()],
    "too short": lambda: [OK, b'Content-Length: 100\r\n\r\n{"models"'],
    "too short, held": lambda: [OK, b'Content-Length: 100\r\n\r\n{"models"', *held()],
    "too long": lambda: [OK, b"Content-Length: 2\r\n\r\n{}", b"HTTP/1.1 999 X\r\n\r\n" * 9],
    "length -1": lambda: [OK, b"Content-Length: -1\r\n\r\n{}"],
    "length of letters": lambda: [OK, b"Content-Length: many\r\n\r\n{}"],
    "length of 5000 digits": lambda: [OK, b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}"],
    "terabyte": lambda: [
        OK,
        b"Content-Length: %d\r\n\r\n" % 2**40,
        *repeat(b" " * 65536, 32768),
    ],
    "endless body": lambda: [OK, b"\r\n", *repeat(b"[" * 65536, 32768)],
    "endless chunks": lambda: [CHUNKED, *repeat(b"1\r\n[\r\n" * 8192, 32768)],
    "endless trailers": lambda: [CHUNKED, b"2\r\n{}\r\n0\r\n", *repeat(b"X: y\r\n" * 8192, 32768)],
    "endless chunk size": lambda: [CHUNKED, *repeat(b"f" * 65536, 16384)],
    "chunk size of letters": lambda: [CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"],
    "negative chunk size": lambda: [CHUNKED, b"-5\r\n{}\r\n0\r\n\r\n"],
    "chunk of a terabyte": lambda: [CHUNKED, b"ffffffffff\r\n{}"],
    "half a chunk": lambda: [CHUNKED, b"100\r\n{"],
    "redirect": lambda: whole(b"", "302 Found", Location="file:///etc/passwd"),
    "redirect to itself": lambda: whole({}, "307 Temporary Redirect", Location="/readyz"),
    "no content": lambda: [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "other protocol": lambda: [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
    "error": lambda: whole({"error": 1}, "500 Oops"),
    "escapes in the error": lambda: whole({"error": {"code": ESCAPE}}, "500 Oops"),
    "list in the error": lambda: whole({"error": {"code": [1]}, "models": []}, "503 Oops"),
    "no JSON": lambda: whole(b"<html>It works!</html>"),
    "empty": lambda: whole(b""),
    "number": lambda: whole(1),
    "list": lambda: whole([{}]),
    "null": lambda: whole(None),
    "no UTF-8": lambda: whole(b'{"models": "\xff\xfe"}'),
    "UTF-16": lambda: whole('{"models": {}}'.encode("utf-16")),
    "surrogates": lambda: whole(b'{"models": {"\\ud800": "\\udfff"}, "0": {"label": "\\ud800"}}'),
    "deep lists": lambda: whole(b'{"models": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "deep objects": lambda: whole(b'{"0":' * 100_000 + b"1" + b"}" * 100_000),
    "huge integer": lambda: whole(b'{"models": ' + b"9" * 100_000 + b"}"),
    "compressed": lambda: whole(b"\x1f\x8b\x08\0\0\0\0\0", Content_Encoding="gzip"),
}
READY: dict[str, Callable[[], Answer]] = {
    name: lambda models=models: whole({"models": models})  # type: ignore[misc]
    for name, models in {
        "models of a list": ["fast"],
        "model is a number": {"fast": 1},
        "model is null": {"fast": None},
        "unknown slot": {"slow": "slow@0123456789ab"},
        "slot leads elsewhere": {"../../../etc": "x@abc"},
        "NUL in a slot": {"fast\0": "fast@0123456789ab"},
        "escapes in a name": {"fast": f"fast@{ESCAPE}"},
        "escapes in a slot": {ESCAPE: "fast@0123456789ab"},
        "glob in a name": {"fast": "fast@*"},
        "everything": {"fast": "fast@"},
        "another": {"fast": "fast@0123456789ab"},
        "long name": {"fast": "fast@" + "a" * 100_000},
        "many slots": {f"fast{number}": "fast@0123456789ab" for number in range(10_000)},
    }.items()
}


def _answer(label: object = "positive", confidence: object = 0.5) -> bytes:
    return json.dumps({"0": {"label": label, "confidence": confidence}}).encode()


PREDICTED: dict[str, bytes] = {
    "NaN": _answer(confidence=float("nan")),
    "infinity": _answer(confidence=float("inf")),
    "beyond floats": b'{"0": {"label": "positive", "confidence": 1e999}}',
    "integer beyond floats": _answer(confidence=10**4000),
    "true": _answer(confidence=True),
    "confidence in a list": _answer(confidence=[0.5]),
    "escapes in the label": _answer(ESCAPE),
    "label is an object": _answer({"a": []}),
    "keys twice": b'{"0": {"label": "a", "label": "b"}, "0": {}}',
    "no answer": b"{}",
    "answer in a list": b'{"0": [1]}',
}
MODES = (
    *(f"readyz: {name}" for name in (*FRAMINGS, *READY)),
    *(f"predict: {name}" for name in (*FRAMINGS, *PREDICTED, "escapes in X-Model")),
    "readyz: reset",
    "predict: reset",
)


def _predicted(name: str, model: str) -> Answer:
    if name == "escapes in X-Model":
        return whole(_answer(), X_Model=f"{model}\x1b[31m\x9b31m")
    if name in PREDICTED:
        return whole(PREDICTED[name], X_Model=model)
    return FRAMINGS[name]()


def _answers(mode: str, is_ready: bool, model: str) -> Answer:
    kind, _, name = mode.partition(": ")
    if not is_ready:
        return _predicted(name, model)
    if kind == "predict":
        return whole({"models": {"fast": model}})
    return {**FRAMINGS, **READY}[name]()


def _is_whole(mode: str, is_ready: bool) -> bool:
    """Whether an answer has an end of its own, so that the client goes on to the next request."""
    kind, _, name = mode.partition(": ")
    return name not in FRAMINGS or (is_ready and kind == "predict")


def _reset(client: socket.socket) -> None:
    client.sendall(OK + b"Content-Length: 99\r\n\r\n{")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextmanager
def hostile_server(mode: str, model: str) -> Iterator[str]:
    """The address of a server that answers like this; `model` is the one that it says it has."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                while request := _request(self.request):
                    is_ready = request.startswith(b"GET")
                    if mode.endswith(": reset") and is_ready == mode.startswith("readyz"):
                        return _reset(self.request)
                    for part in _answers(mode, is_ready, model):
                        self.request.sendall(part)
                    if not _is_whole(mode, is_ready):
                        return None
            return None

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _request(client: socket.socket) -> bytes:
    """A request, its body included; empty where the client is gone."""
    request = client.recv(65536)
    while request.startswith(b"POST") and not request.endswith(b"}"):
        more = client.recv(65536)
        request += more
        if not more:
            return b""
    return request
