"""The manifest of an artifact: what it is, what it was made from, and what it must answer."""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from types import UnionType
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from pipeline.errors import ArtifactRefused
from pipeline.labels import NEGATIVE, POSITIVE

FORMAT_VERSION = 1
Built = TypeVar("Built")
FILE_NAME = re.compile(r"[A-Za-z0-9_]+(?:\.[a-z0-9_]+)+")


@dataclass(frozen=True)
class FileEntry:
    """A file of the artifact: its name, its size in bytes, and its sha256 in hexadecimal."""

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: str, content: bytes) -> Self:
        """The entry for a file with this name and these bytes."""
        return cls(path, len(content), hashlib.sha256(content).hexdigest())

    def __post_init__(self) -> None:
        if not FILE_NAME.fullmatch(self.path) or self.size < 0:
            raise ValueError("invalid file name or size")


@dataclass(frozen=True)
class GoldenAnswer:
    """A text with the label and confidence that the artifact must give it."""

    text: str
    label: str
    confidence: float

    def __post_init__(self) -> None:
        if self.label not in (NEGATIVE, POSITIVE) or not 0.5 <= self.confidence <= 1.0:
            raise ValueError("invalid label or confidence")

    def difference(self, label: object, confidence: object, tolerance: float) -> str | None:
        """What is wrong with this answer to the text, whoever gave it; None where nothing is."""
        probability = _as_probability(confidence)
        is_near = probability is not None and abs(probability - self.confidence) <= tolerance
        if label == self.label and is_near:
            return None
        given = label if label in (NEGATIVE, POSITIVE) else "another label"
        shown = "no probability" if probability is None else probability
        return f"{self.label} {self.confidence:.9f} expected, {given} {shown} given"


@dataclass(frozen=True)
class Manifest:
    """What an artifact says of itself; `docs/artifact.md` describes it field by field."""

    slot: str
    created_at: str
    run: str
    git_commit: str | None
    cleaning_version: int
    settings: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    profile: dict[str, Any]
    versions: dict[str, str]
    files: tuple[FileEntry, ...]
    golden: tuple[GoldenAnswer, ...]
    tolerance: float
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < math.inf:
            raise ValueError("invalid tolerance")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, ASCII only, one line end at the end."""
        text = json.dumps(
            asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
        return f"{text}\n".encode("ascii")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Parse a manifest; raises ArtifactRefused unless it is canonical and of this format."""
        try:
            record = json.loads(content.decode("ascii"))
            version = record.get("format_version") if isinstance(record, dict) else None
            if version != FORMAT_VERSION:
                raise ArtifactRefused(f"its format version is not {FORMAT_VERSION}")
            record["files"] = tuple(build(FileEntry, entry) for entry in record["files"])
            record["golden"] = tuple(build(GoldenAnswer, answer) for answer in record["golden"])
            manifest = build(cls, record)
            canonical = manifest.to_bytes()
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ArtifactRefused("its manifest.json is damaged") from None
        if canonical != content:
            raise ArtifactRefused("its manifest.json is not in canonical form")
        return manifest


def _as_probability(value: object) -> float | None:
    """The number, if it is one from 0 to 1: of a server's, an int may be too large for a float."""
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None  # type: ignore[operator,arg-type]


def digest_of(manifest: bytes) -> str:
    """The artifact's digest: sha256 of its manifest's bytes, in hexadecimal."""
    return hashlib.sha256(manifest).hexdigest()


def build(kind: type[Built], record: dict[str, Any]) -> Built:
    """A dataclass from JSON. TypeError unless each field has exactly the annotated type."""
    for name, hint in get_type_hints(kind).items():
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        if type(record[name]) not in [get_origin(option) or option for option in options]:
            raise TypeError(name)
    return kind(**record)
