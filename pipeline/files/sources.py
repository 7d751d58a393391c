"""The inputs: files, globs, folders, addresses and standard input, opened as plain bytes."""

import gzip
import lzma
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from glob import glob
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, cast

from pipeline.errors import InvalidInput
from pipeline.files import remote, zstandard
from pipeline.files.containers import MAGIC_BYTES, compression_of, decompressed
from pipeline.files.formats import INPUT_FORMATS, STANDARD_STREAM, FileKind, input_kind
from pipeline.files.windows import Window

LEFT_BY_RUNS = (".rejects.jsonl", ".partial", ".journal", ".lock")
"""How the names of files end that a run leaves beside its output."""

_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, *zstandard.DAMAGED)


class Opened(NamedTuple):
    """The bytes of a source, decompressed, and as stored: their `tell` shows the progress.

    `closing`: what is to be closed with the source.
    """

    stream: IO[bytes]
    stored: IO[bytes]
    compression: str | None
    closing: ExitStack


@dataclass(frozen=True)
class Source:
    """A file of reviews by its path or address, or standard input under the name "-".

    `given_format`: the format that the user named, None where the suffix tells it.
    """

    path: str
    kind: FileKind
    given_format: str | None = None
    is_remote: bool = False

    @classmethod
    def named(cls, path: str, given_format: str | None = None) -> Self:
        """Make one; its format is by the user, else by its name, else to be looked for."""
        kind = input_kind(path, given_format)
        return cls(path, kind, given_format, remote.is_remote(path))

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path == STANDARD_STREAM else self.path

    @property
    def is_local(self) -> bool:
        """Whether it is a path of this machine."""
        return not self.is_remote and self.path != STANDARD_STREAM

    @cached_property
    def is_lasting(self) -> bool:
        """Whether it can be opened twice with the same content: no pipe, no terminal."""
        if self.path == STANDARD_STREAM:
            return False
        return self.is_remote or stat.S_ISREG(os.stat(self.path).st_mode)  # noqa: PTH116

    def fingerprint(self) -> dict[str, Any]:
        """What changes when the file does: size in bytes, and time or tag of the last change."""
        if self.is_remote:
            return {"path": self.path, **remote.fingerprint(self.path)}
        status = Path(self.path).stat()
        path = str(Path(self.path).absolute())
        return {"path": path, "size": status.st_size, "modified": status.st_mtime_ns}

    def size(self) -> int | None:
        """Bytes as stored, None where that is not known before they are read."""
        return self.fingerprint()["size"] if self.is_lasting else None

    @contextmanager
    def open(self) -> Iterator[Opened]:
        """Give its bytes; whether they are compressed is seen by the first of them.

        Raises InvalidInput if the compressed data turns out to be damaged.
        """
        with self._stored() as stored, ExitStack() as closing:
            try:
                compression = compression_of(peek(stored, MAGIC_BYTES))
                yield Opened(decompressed(stored, compression), stored, compression, closing)
            except _DAMAGED as error:
                raise InvalidInput(
                    f"{self.name} is damaged or cut short ({error}). Get it anew."
                ) from None

    @contextmanager
    def _stored(self) -> Iterator[IO[bytes]]:
        if self.path == STANDARD_STREAM:
            yield cast(IO[bytes], Window(sys.stdin.buffer))
        elif self.is_remote:
            with remote.open_remote(self.path) as file:
                yield file
        else:
            with Path(self.path).open("rb") as file:
                yield file if file.seekable() else cast(IO[bytes], Window(file))


def peek(stream: IO[bytes], size: int) -> bytes:
    """The next `size` bytes of a stream, which stay to be read."""
    if isinstance(stream, Window):  # a pipe
        return stream.look(size)[0]
    place = stream.tell()
    beginning = stream.read(size)
    stream.seek(place)
    return beginning


def find_sources(inputs: Sequence[str], given: str | None = None) -> list[Source]:
    """Sources of files, globs, folders and "-", in the order given, those of a glob sorted.

    Of a folder, the files with a suffix that is known and, where a format is given, those without
    one. Raises InvalidInput where nothing is found.
    """
    sources = []
    for name in inputs:
        paths = _expanded(name, or_bare=given is not None)
        if not paths:
            raise InvalidInput(_nothing(name))
        sources += [Source.named(path, given) for path in paths]
    return sources


def _nothing(name: str) -> str:
    """What is wrong with an input that gives no files."""
    if Path(name).is_dir():
        return f"{name} has no files of reviews in it: none ends in .{', .'.join(INPUT_FORMATS)}."
    return f"{name}: there is no such file. Check the path."


def _expanded(name: str, or_bare: bool) -> list[str]:
    if name == STANDARD_STREAM:
        return [name]
    if remote.is_remote(name):
        found = remote.expanded(name)
        return [path for path in found if path == name or _is_wanted(path, or_bare)]
    if Path(name).is_dir():
        paths = (path for path in Path(name).iterdir() if path.is_file())
        return sorted(str(path) for path in paths if _is_wanted(path.name, or_bare))
    if Path(name).exists():
        return [name]
    found = glob(name, recursive=True)  # noqa: PTH207 - of Path.glob the root must be known
    return sorted(path for path in found if Path(path).is_file())


def _is_wanted(name: str, or_bare: bool) -> bool:
    """Whether a file of a folder holds reviews; hidden files and what runs leave do not count.

    `or_bare`: a name without a suffix will do, too.
    """
    file_name = name.rpartition("/")[2]
    if file_name.startswith(".") or file_name.endswith(LEFT_BY_RUNS):
        return False
    is_bare = or_bare and "." not in file_name
    return is_bare or bool(input_kind(file_name).format)
