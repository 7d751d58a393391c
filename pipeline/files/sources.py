"""The inputs: files, globs, folders, addresses and standard input, opened as plain bytes."""

import gzip
import lzma
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from glob import glob
from pathlib import Path
from typing import IO, Any, Self

from pipeline.errors import InvalidInput
from pipeline.files import remote, zstandard
from pipeline.files.formats import (
    COMPRESSIONS,
    INPUT_FORMATS,
    STANDARD_STREAM,
    FileKind,
    input_kind,
)

_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)


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
        """Make one; raises InvalidInput where neither suffix nor user tells the format."""
        kind = input_kind(path, given_format)
        return cls(path, kind, given_format, remote.is_remote(path))

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.path == STANDARD_STREAM else self.path

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
    def open(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Give (its bytes, decompressed; its bytes as stored, whose `tell` shows the progress).

        Raises InvalidInput if the compressed data turns out to be damaged.
        """
        with self._stored() as stored:
            try:
                yield _decompressed(stored, self.kind.compression), stored
            except (*_DAMAGED, *zstandard.DAMAGED) as error:
                raise InvalidInput(
                    f"{self.name} is damaged or cut short ({error}). Get it anew."
                ) from None

    @contextmanager
    def _stored(self) -> Iterator[IO[bytes]]:
        if self.path == STANDARD_STREAM:
            yield sys.stdin.buffer
        elif self.is_remote:
            with remote.open_remote(self.path) as file:
                yield file
        else:
            with Path(self.path).open("rb") as file:
                yield file


def _decompressed(stored: IO[bytes], compression: str | None) -> Any:
    if compression == "gz":
        return gzip.GzipFile(fileobj=stored)
    if compression == "xz":
        return lzma.LZMAFile(stored)
    if compression == "zst":
        return zstandard.reader(stored)
    return stored


def find_sources(inputs: Sequence[str], given: str | None = None) -> list[Source]:
    """Sources of files, globs, folders and "-", in the order given, those of a glob sorted.

    Of a folder, the files with a suffix that is known. Raises InvalidInput where nothing is found.
    """
    sources = []
    for name in inputs:
        paths = _expanded(name)
        if not paths:
            raise InvalidInput(_nothing(name))
        sources += [Source.named(path, given) for path in paths]
    return sources


def _nothing(name: str) -> str:
    """What is wrong with an input that gives no files."""
    if Path(name).is_dir():
        return f"{name} has no files of reviews in it: none ends in .{', .'.join(INPUT_FORMATS)}."
    return f"{name}: there is no such file. Check the path."


def _expanded(name: str) -> list[str]:
    if name == STANDARD_STREAM:
        return [name]
    if remote.is_remote(name):
        return [path for path in remote.expanded(name) if _is_known(path) or path == name]
    if Path(name).is_dir():
        paths = (path for path in Path(name).iterdir() if path.is_file())
        return sorted(str(path) for path in paths if _is_known(path.name))
    if Path(name).exists():
        return [name]
    found = glob(name, recursive=True)  # noqa: PTH207 - of Path.glob the root must be known
    return sorted(path for path in found if Path(path).is_file())


def _is_known(name: str) -> bool:
    """Whether the suffixes tell the format; hidden files and leftovers of runs do not count."""
    file_name = name.rpartition("/")[2]
    if file_name.startswith(".") or file_name.endswith(".rejects.jsonl"):
        return False
    suffixes = file_name.lower().split(".")[1:]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in INPUT_FORMATS
