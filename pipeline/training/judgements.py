"""What teachers have said of texts, kept on the disk, so that no text is judged twice.

A teacher has a folder of its own, named by its digest. Each file there holds a part: records of a
text's hash and its probability of positive, and after them their sha256. No text can be read from
them. Parts may be copied from a machine that judges quickly to another.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import read_plain
from pipeline.durability import create_folder, write_durably
from pipeline.own_files import check_own, discard_own

LARGEST = 2**29
"""Bytes that are kept of one teacher, which is 45 million texts; the oldest parts go first."""

_RECORD = np.dtype([("text", "<u8"), ("positive", "<f4")])
_SEAL_SIZE = hashlib.sha256().digest_size
_SUFFIX = ".judged"

Hashes = NDArray[np.uint64]
Probabilities = NDArray[np.float32]


def hash_texts(texts: Sequence[str]) -> Hashes:
    """A number for each text, uint64, shape (n,)."""
    digests = (
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for text in texts
    )
    return np.frombuffer(b"".join(digests), dtype="<u8")


@dataclass(frozen=True)
class Judgements:
    """What one teacher has said so far; `folder` is the teacher's own."""

    folder: Path

    def find(self, hashes: Hashes) -> Probabilities:
        """The probabilities kept for these texts, shape (n,); NaN for texts not judged so far."""
        records = np.concatenate([np.empty(0, _RECORD), *self._parts()])
        records = records[np.argsort(records["text"], kind="stable")]
        found = np.full(hashes.size, np.nan, dtype=np.float32)
        if records.size:
            places = np.searchsorted(records["text"], hashes).clip(max=records.size - 1)
            nearest = records[places]
            is_known = nearest["text"] == hashes
            found[is_known] = nearest["positive"][is_known]
        return found

    def keep(self, hashes: Hashes, positive: Probabilities) -> None:
        """Add a part with the probabilities of these texts, shape (n,) each."""
        records = np.empty(hashes.size, _RECORD)
        records["text"], records["positive"] = hashes, positive
        content = records.tobytes()
        seal = hashlib.sha256(content)
        create_folder(self.folder)
        write_durably(self.folder / f"{seal.hexdigest()[:32]}{_SUFFIX}", content + seal.digest())
        self._discard_oldest()

    def _parts(self) -> Iterator[NDArray[np.void]]:
        """Records of each part; one that is not as it was written is removed."""
        for path in self._paths():
            check_own(path)
            content = read_plain(path, LARGEST)
            records, seal = content[:-_SEAL_SIZE], content[-_SEAL_SIZE:]
            if hashlib.sha256(records).digest() == seal and len(records) % _RECORD.itemsize == 0:
                yield np.frombuffer(records, dtype=_RECORD)
            else:
                discard_own(path)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"[!.]*{_SUFFIX}"))

    def _discard_oldest(self) -> None:
        status = {path: path.stat() for path in self._paths()}
        excess = sum(one.st_size for one in status.values()) - LARGEST
        for path in sorted(status, key=lambda path: status[path].st_mtime_ns):
            if excess <= 0:
                break
            excess -= status[path].st_size
            discard_own(path)
