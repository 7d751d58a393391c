"""A transport that sends the head of an answer together with what follows."""

import asyncio

_HEAD = b"HTTP/1.1 "
_CONTINUE = b"HTTP/1.1 100 "


class CorkedTransport(asyncio.Transport):
    """uvicorn writes head and body of an answer apart, and each would be a system call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport, self._head = transport, b""
        for name in ("get_extra_info", "is_closing", "pause_reading", "resume_reading", "abort"):
            setattr(self, name, getattr(transport, name))
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes) -> None:  # type: ignore[override]
        """Send, after what waits; the head of an answer waits."""
        if data.startswith(_HEAD) and not data.startswith(_CONTINUE):
            self.flush()
            self._head = data
        else:
            self._transport.write(self._head + data if self._head else data)
            self._head = b""

    def flush(self) -> None:
        """Send what waits."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        """Send what waits, and end."""
        self.flush()
        self._transport.close()

    def write_eof(self) -> None:
        """Send what waits, and send nothing more."""
        self.flush()
        self._transport.write_eof()
