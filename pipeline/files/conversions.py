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


def unpacked(opened: Opened, stream: IO[bytes], container: str, name: str) -> IO[bytes]:
    """The text of a container other than Parquet; what it needs is given back with the source."""
    if container == PLAIN:
        return stream
    read = json_lines if container == JSON else spreadsheet_lines
    return cast(IO[bytes], opened.closing.enter_context(closing(_Made(read(stream, name)))))


def converted(stream: IO[bytes], layout: Layout) -> IO[bytes]:
    """The text with LF at the ends of its lines, in an encoding that is read as it stands."""
    if layout.encoding.original is not None:
        stream = cast(IO[bytes], _Recoded(stream, layout.encoding.original, layout.name))
    if layout.has_lone_returns:
        stream = cast(IO[bytes], _WithLineFeeds(stream))
    return stream


class _Converted(io.RawIOBase):
    """Places are those in what is read of it, which is not there before; it stands at the first."""

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, _: int = io.SEEK_SET) -> int:
        """Go on by so many bytes from the beginning, which is where it must stand."""
        left = offset
        while left > 0 and (content := self.read(left)):
            left -= len(content)
        return offset


class _Made(_Converted):
    """Bytes that are made while they are read."""

    def __init__(self, blocks: Generator[bytes]) -> None:
        self._blocks = blocks
        self._ahead = b""

    def read(self, size: int = -1) -> bytes:
        if not self._ahead:
            self._ahead = next(self._blocks, b"")
        if size < 0:
            content, self._ahead = self._ahead + b"".join(self._blocks), b""
        else:
            content, self._ahead = self._ahead[:size], self._ahead[size:]
        return content

    def close(self) -> None:
        self._blocks.close()
        super().close()


class _WithLineFeeds(_Converted):
    """CR becomes LF: a byte for a byte, so places stay what they are."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size).replace(b"\r", b"\n")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)


class _Recoded(_Converted):
    """Another encoding as UTF-8."""

    def __init__(self, stream: IO[bytes], codec: str, name: str) -> None:
        self._stream, self._codec, self._name = stream, codec, name
        self._decoder = codecs.getincrementaldecoder(codec)()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        try:
            text = self._decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{self._name} is not {self._codec.upper()} ({error.reason}). Name its encoding "
                "with --encoding."
            ) from None
        if not text and content:  # a part of a character: nothing would mean the end
            return self.read(size)
        return text.encode("utf-8", "surrogatepass")
