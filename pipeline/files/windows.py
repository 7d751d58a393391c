"""A stream that can be looked ahead into, whether it can seek or is a pipe."""

from typing import IO


class Window:
    """Bytes that are read once, from the beginning to the end of a stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = b""
        self._place = 0

    def look(self, size: int) -> tuple[bytes, bool]:
        """Return (the next `size` bytes, or all that are left; whether nothing comes behind)."""
        while len(self._ahead) <= size and (more := self._stream.read(size + 1 - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size], len(self._ahead) <= size

    def skip(self, size: int) -> None:
        """Go on by `size` bytes that were looked at."""
        self._ahead = self._ahead[size:]
        self._place += size

    def read(self, size: int = -1) -> bytes:
        """The next bytes as of any stream; what was looked at comes first."""
        if size < 0:
            content, self._ahead = self._ahead + self._stream.read(), b""
        elif self._ahead:
            content, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            content = self._stream.read(size)
        self._place += len(content)
        return content

    def tell(self) -> int:
        """Bytes read or skipped so far."""
        return self._place
