"""A stream that cannot seek, with what is needed of one that can: looking ahead, and its place."""

import io
from typing import IO


class Pipe(io.RawIOBase):
    """Standard input, a FIFO or a device: read once, from its beginning to its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = b""
        self._place = 0

    def readable(self) -> bool:
        """It is for reading alone."""
        return True

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end only; they stay to be read."""
        while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes, all that come if it is negative."""
        if size is None or size < 0:
            content = self._ahead + self._stream.read()
            self._ahead = b""
        elif self._ahead:
            content, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            content = self._stream.read(size)
        self._place += len(content)
        return content

    def tell(self) -> int:
        """Bytes read so far."""
        return self._place
