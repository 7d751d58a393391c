"""One client's connection: bytes in until a request is whole, bytes out until all are gone."""

import re
import socket
import time
from collections.abc import Callable
from typing import Any

from pipeline.server.schemas import LARGEST_BODY

LARGEST_HEAD = 16_384
"""Bytes of request line and headers."""
READ_SECONDS = 10.0
"""From the first byte of a request to its last."""
KEEPALIVE_SECONDS = 60.0
WRITE_SECONDS = 60.0
"""For a client to take its answer."""
LINGER_SECONDS = 2.0
"""How long what a client still sends is read and dropped, so that it sees its refusal."""

Address = tuple[Any, ...]
"""As the socket module gives it: host, port, and more for IPv6."""

_CHUNK = 65_536
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)
_OTHER_FRAMING = re.compile(rb"\r\n(?:transfer-encoding|content-length)[ \t]*:", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """A non-blocking socket with what has come in and what is to go out.

    `due`: when to give it up, of `time.monotonic`. `received`: when its last request was whole.
    `must_close`: whether the answer to that request is the last one. `watched`: what the poller
    was told to look for, and whom to call. `environ`: what its requests have in common.
    """

    def __init__(self, sock: socket.socket, client: Address, server: Address) -> None:
        sock.setblocking(False)
        self.sock, self.client, self.server = sock, client, server
        self.environ: dict[str, Any] = {}
        self.watched: tuple[int, Callable[[Connection], None]] | None = None
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.due = time.monotonic() + READ_SECONDS
        self.received = 0.0
        self.must_close = False
        self._length: int | None = None

    def receive(self) -> bool:
        """Take what has come; whether the client is still there."""
        try:
            data = self.sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        if not self.incoming:
            self.due = time.monotonic() + READ_SECONDS
        self.incoming += data
        return bool(data)

    def next_request(self) -> bytes | None:
        """The next request if it is whole; else None. The rest stays for the one after it."""
        if self._length is None:
            self._length = self._find_length()
        if self._length is None or len(self.incoming) < self._length:
            return None
        whole = bytes(self.incoming[: self._length])
        del self.incoming[: self._length]
        self._length = None
        self.received = time.monotonic()
        return whole

    def _find_length(self) -> int | None:
        """Bytes of the first request, None while that is not known.

        One that is refused whatever its body is (too large, chunked, two lengths) is passed on
        without it, for the parser or the application to refuse; the connection ends with that.
        """
        end = self.incoming.find(_HEAD_END, 0, LARGEST_HEAD)
        if end < 0:
            self.must_close = len(self.incoming) >= LARGEST_HEAD
            return len(self.incoming) if self.must_close else None
        head = bytes(self.incoming[: end + 2])
        end += len(_HEAD_END)
        framing, lengths = _OTHER_FRAMING.findall(head), _LENGTH.findall(head)
        if not framing:
            return end
        if len(framing) > 1 or not lengths or int(lengths[0]) > LARGEST_BODY:
            self.must_close = True
            return end
        if _EXPECTS.search(head) and len(self.incoming) == end:
            self.outgoing += _CONTINUE
            self.flush()
        return end + int(lengths[0])

    @property
    def is_idle(self) -> bool:
        """Whether it is between two requests."""
        return not self.incoming

    @property
    def is_large(self) -> bool:
        """Whether what it is sending will take much memory."""
        return self._length is not None and self._length > _CHUNK

    def send(self, data: bytes) -> int:
        """What gunicorn would send on its own, 100 Continue: it was sent when it was of use."""
        return len(data)

    def flush(self) -> bool:
        """Send what the client will take; whether all is gone. Raises OSError if it went away."""
        if self.outgoing:
            try:
                sent = self.sock.send(self.outgoing)
            except (BlockingIOError, InterruptedError):
                return False
            del self.outgoing[:sent]
        return not self.outgoing

    def linger(self) -> None:
        """Say that nothing more will come, as in RFC 9112, section 9.6."""
        self.due = time.monotonic() + LINGER_SECONDS
        self.sock.shutdown(socket.SHUT_WR)

    def drop_received(self) -> bool:
        """Take and forget what has come; whether the client is still there."""
        self.incoming.clear()
        return self.receive()
