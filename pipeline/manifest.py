"""The manifest of an artifact: what it is, made from what, and what it answers. Canonical JSON."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from pipeline.errors import ArtifactRefused

FORMAT_VERSION = 1


@dataclass(frozen=True)
class FileEntry:
    """A file of the artifact: its path, size in bytes, and sha256 in hexadecimal."""

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: str, content: bytes) -> Self:
        """Describe these bytes under this path."""
        return cls(path, len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class GoldenAnswer:
    """A text with the label and confidence that the artifact must give it."""

    text: str
    label: str
    confidence: float


@dataclass(frozen=True)
class Manifest:
    """All that is known of an artifact; `docs/artifact.md` describes it field by field."""

    slot: str
    created_at: str
    run: str
    cleaning_version: int
    settings: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    versions: dict[str, str]
    files: tuple[FileEntry, ...]
    golden: tuple[GoldenAnswer, ...]
    tolerance: float
    format_version: int = FORMAT_VERSION

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, ASCII only, one line end."""
        text = json.dumps(
            asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
        return f"{text}\n".encode("ascii")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Parse; raises ArtifactRefused unless it is a canonical manifest of this format."""
        try:
            record = json.loads(content.decode("ascii"))
            record["files"] = tuple(FileEntry(**entry) for entry in record["files"])
            record["golden"] = tuple(GoldenAnswer(**answer) for answer in record["golden"])
            manifest = cls(**record)
            canonical = manifest.to_bytes()
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ArtifactRefused("its manifest.json is damaged") from None
        if manifest.format_version != FORMAT_VERSION:
            raise ArtifactRefused(
                f"its format version is {manifest.format_version!r}, this program reads "
                f"{FORMAT_VERSION}"
            )
        if canonical != content:
            raise ArtifactRefused("its manifest.json is not in canonical form")
        return manifest


def digest_of(manifest: bytes) -> str:
    """The artifact's digest: sha256 of its manifest's bytes, in hexadecimal."""
    return hashlib.sha256(manifest).hexdigest()
