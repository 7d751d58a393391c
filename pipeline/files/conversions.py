"""What a file holds as a text that can be read record by record, whatever it is packed in."""

import codecs
import io
from typing import IO, cast

from pipeline.errors import InvalidInput
from pipeline.files.containers import PLAIN
from pipeline.files.formats import JSON
from pipeline.files.json_documents import json_to_lines
from pipeline.files.layouts import Layout
from pipeline.files.spreadsheets import spreadsheet_to_csv


def unpacked(stream: IO[bytes], container: str, name: str) -> IO[bytes]:
    """The text of a container other than Parquet; documents are read as a whole."""
    if container == PLAIN:
        return stream
    if container == JSON:
        return io.BytesIO(json_to_lines(stream.read(), name))
    return io.BytesIO(spreadsheet_to_csv(stream, name))


def converted(stream: IO[bytes], layout: Layout) -> IO[bytes]:
    """The text with LF at the ends of its lines, in an encoding that is read as it stands."""
    if layout.encoding.original is not None:
        stream = cast(IO[bytes], _Recoded(stream, layout.encoding.original, layout.name))
    if layout.has_lone_returns:
        stream = cast(IO[bytes], _WithLineFeeds(stream))
    return stream


class _Converted(io.RawIOBase):
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True


class _WithLineFeeds(_Converted):
    """CR becomes LF: a byte for a byte, so places stay what they are."""

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size).replace(b"\r", b"\n")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)


class _Recoded(_Converted):
    """Another encoding as UTF-8; places are those in the UTF-8."""

    def __init__(self, stream: IO[bytes], codec: str, name: str) -> None:
        super().__init__(stream)
        self._codec, self._name = codec, name
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

    def seek(self, offset: int, _: int = io.SEEK_SET) -> int:
        """Go on by so many bytes from the beginning, which is where it must stand."""
        left = offset
        while left > 0 and (content := self.read(left)):
            left -= len(content)
        return offset
