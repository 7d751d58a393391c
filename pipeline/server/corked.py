"""A transport that sends the head of an answer together with what follows, and ends politely."""

import asyncio
from collections.abc import Callable

_HEAD = b"HTTP/1.1 "
_CONTINUE = b"HTTP/1.1 100 "
_LARGE = 65_536
"""Bytes that would cost more to copy than a system call."""


class CorkedTransport(asyncio.Transport):
    """uvicorn writes head and body of an answer apart, and each would be a system call.

    `leave` is called in the place of an end, when nothing more is sent but the client may send.
    """

    def __init__(self, transport: asyncio.Transport, leave: Callable[[], None]) -> None:
        super().__init__()
        self._transport, self._leave, self._head = transport, leave, b""
        self._has_ended = False
        for name in ("get_extra_info", "pause_reading", "resume_reading", "abort"):
            setattr(self, name, getattr(transport, name))
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes) -> None:  # type: ignore[override]
        """Send, after what waits; the head of an answer waits. To a client that has gone, nothing.

        uvicorn tells only the last request of those sent ahead that its client has gone.
        """
        if self._transport.is_closing():
            self._head = b""
            return
        if data.startswith(_HEAD) and not data.startswith(_CONTINUE):
            self.flush()
            self._head = data
            return
        if len(data) > _LARGE:
            self.flush()
        self._transport.write(self._head + data if self._head else data)
        self._head = b""

    def flush(self) -> None:
        """Send what waits."""
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
        self._head = b""

    def close(self) -> None:
        """Send what waits, and nothing more."""
        self.flush()
        if not self.is_closing():
            self._has_ended = True
            self._transport.write_eof()
            self._leave()

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._has_ended or self._transport.is_closing()
