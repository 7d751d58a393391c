"""The archive of NSMC's repository, read as a stream: nothing in it is ever written to the disk.

tarfile reads a header of any size into memory, and what it unpacks may be a thousand times what was
sent. Only the 512 bytes of each header are given to it here; all else is read within limits.
"""

import gzip
import json
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pipeline.errors import InvalidInput
from pipeline.progress import progress_bar
from pipeline.reviews.git_trees import GitTree

COMMIT = "cc0670e872d4ac27bfe36c87456783004b39ef6c"
"""Of github.com/e9t/nsmc, whose archives name the commit that they are of."""

MOST_PACKED = 256 * 2**20
MOST_UNPACKED = 1024 * 2**20
MOST_MEMBER = 2**20
"""Bytes of a raw file: 100 reviews of a film."""
MOST_MEMBERS = 50_000

_FOLDER = "raw"
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 16
_HEADERS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.HeaderError)


class RawArchive:
    """The raw reviews of an archive; `tree` is git's id of their folder, once all are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tree = GitTree()

    @property
    def tree(self) -> str:
        """Git's id of the folder with the raw files that were read."""
        return self._tree.id

    def reviews(self) -> Iterator[str]:
        """Texts in the archive's order, as they are there.

        Raises InvalidInput for an archive that is damaged, cut off, of another commit, too large or
        with anything in it that a folder of raw reviews would not have.
        """
        try:
            for name, content in self._raw_files():
                yield from self._texts(name, content)
        except _DAMAGED:
            raise self._refused("it is damaged or cut off") from None
        if not len(self._tree):
            raise self._refused(f"it has no folder {_FOLDER}/")

    def _refused(self, reason: str) -> InvalidInput:
        return InvalidInput(f"{self.path} is not the archive of NSMC's repository: {reason}.")

    def _raw_files(self) -> Iterator[tuple[str, bytes]]:
        size = self.path.stat().st_size
        with (
            self.path.open("rb") as packed,
            gzip.GzipFile(fileobj=packed) as unpacked,
            progress_bar(size, self.path.name, "B") as bar,
        ):
            stream = _Stream(unpacked)
            while (info := self._next(stream)) is not None:
                bar.update(packed.tell() - bar.n)
                if info.type in _HEADERS:
                    self._check_commit(info, stream)
                    continue
                name = self._raw_name(info)
                if name is None:
                    stream.skip(_padded(info.size))
                else:
                    content = stream.read(_padded(info.size))[: info.size]
                    self._tree.add(name, content, bool(info.mode & 0o100))
                    yield name, content
            if not stream.finish(MOST_MEMBER):
                raise self._refused("it goes on behind its end")

    def _next(self, stream: "_Stream") -> tarfile.TarInfo | None:
        """The next header, None at the end."""
        if stream.unpacked > MOST_UNPACKED or stream.headers > MOST_MEMBERS:
            raise self._refused("it unpacks to more than that has")
        block = stream.header()
        if not block.strip(b"\0"):
            return None
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if stream.unpacked + info.size > MOST_UNPACKED or info.size < 0:
            raise self._refused("it unpacks to more than that has")
        return info

    def _check_commit(self, info: tarfile.TarInfo, stream: "_Stream") -> None:
        """Compare the commit in the comment that `git archive` puts at the beginning."""
        if info.size > MOST_MEMBER:
            raise self._refused("a header in it is too large")
        content = stream.read(_padded(info.size))
        _, is_named, rest = content.partition(b" comment=")
        if info.type == tarfile.XGLTYPE and is_named and not rest.startswith(COMMIT.encode()):
            raise self._refused(f"it is of another commit than {COMMIT}")

    def _raw_name(self, info: tarfile.TarInfo) -> str | None:
        """The name of a raw file in its folder, None for all else."""
        path = PurePosixPath(info.name)
        if path.is_absolute() or ".." in path.parts:
            raise self._refused(f"it has a file {info.name!a}, outside of its folder")
        if len(path.parts) != 3 or path.parts[1] != _FOLDER:
            return None
        if not info.isreg() or path.suffix != ".json":
            raise self._refused(f"{info.name!a} in it is no file of JSON")
        if info.size > MOST_MEMBER:
            raise self._refused(f"{info.name!a} in it has more than {MOST_MEMBER:,} bytes")
        if path.name in self._tree:
            raise self._refused(f"{info.name!a} is in it twice")
        return path.name

    def _texts(self, name: str, content: bytes) -> list[str]:
        try:
            reviews = json.loads(content.decode("utf-8"))
            texts = [review["review"] for review in reviews]
        except (ValueError, RecursionError, TypeError, KeyError):
            texts = [None]
        if not all(isinstance(text, str) for text in texts):
            raise self._refused(f"{_FOLDER}/{name!a} in it is no list of reviews in JSON")
        return texts


class _Stream:
    """What an archive unpacks to, in pieces of known size; counts them."""

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self._file = unpacked
        self.unpacked = 0
        self.headers = 0

    def read(self, size: int) -> bytes:
        """Exactly so many bytes; EOFError where there are less."""
        content = self._file.read(size)
        self.unpacked += len(content)
        if len(content) < size:
            raise EOFError
        return content

    def header(self) -> bytes:
        """The next block that says what follows."""
        self.headers += 1
        return self.read(_BLOCK)

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        for start in range(0, size, _CHUNK):
            self.read(min(_CHUNK, size - start))

    def finish(self, most: int) -> bool:
        """Read to the end, which has the checksum; whether that comes within so many bytes."""
        return any(not self._file.read(_CHUNK) for _ in range(0, most, _CHUNK))


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
