"""What a file holds as a text that can be read record by record, whatever it is packed in."""

import codecs
import io
from collections.abc import Generator
from contextlib import closing
from typing import IO, cast

from pipeline.errors import InvalidInput
from pipeline.files.containers import PLAIN
from pipeline.files.formats import JSON
from pipeline.files.json_documents import json_lines
from pipeline.files.layouts import Layout
from pipeline.files.sources import Opened
from pipeline.files.spreadsheets import spreadsheet_lines

_BLOCK = 2**16


def unpacked(opened: Opened, stream: IO[bytes], container: str, name: str) -> IO[bytes]:
    """The text of a container other than Parquet; what it needs is given back with the source."""
    if container == PLAIN:
        return stream
    read = json_lines if container == JSON else spreadsheet_lines
    return cast(IO[bytes], opened.closing.enter_context(closing(_Made(read(stream, name)))))


def converted(stream: IO[bytes], layout: Layout) -> IO[bytes]:
    """The text with LF at the ends of its lines, in an encoding that is read as it stands."""
    if layout.encoding.original is not None:
        blocks = _recoded(stream, layout.encoding.original, layout.name)
        stream = cast(IO[bytes], _Made(blocks))
    if layout.has_lone_returns:
        stream = cast(IO[bytes], _WithLineFeeds(stream))
    return stream


class _Made(io.RawIOBase):
    """Bytes that are made while they are read; places are those in what has been made."""

    def __init__(self, blocks: Generator[bytes]) -> None:
        self._blocks = blocks
        self._ahead = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._ahead:
            self._ahead = next(self._blocks, b"")
        if size < 0:
            content, self._ahead = self._ahead + b"".join(self._blocks), b""
        else:
            content, self._ahead = self._ahead[:size], self._ahead[size:]
        return content

    def seek(self, offset: int, _: int = io.SEEK_SET) -> int:
        """Go on by so many bytes from the beginning, which is where it must stand."""
        left = offset
        while left > 0 and (content := self.read(left)):
            left -= len(content)
        return offset

    def close(self) -> None:
        self._blocks.close()
        super().close()


class _WithLineFeeds(io.RawIOBase):
    """CR becomes LF: a byte for a byte, so places stay what they are."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size).replace(b"\r", b"\n")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)


def _recoded(stream: IO[bytes], codec: str, name: str) -> Generator[bytes]:
    """Another encoding as UTF-8."""
    decoder, content = codecs.getincrementaldecoder(codec)(), b"-"
    while content:
        content = stream.read(_BLOCK)
        try:
            text = decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{name} is not {codec.upper()} ({error.reason}). Name its encoding with "
                "--encoding."
            ) from None
        if text:  # not a part of a character alone: nothing would mean the end
            yield text.encode("utf-8", "surrogatepass")
