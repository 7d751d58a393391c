"""Runs: what training leaves in `<root>/runs/<id>/`, which sealing makes an artifact of."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pipeline.artifacts.git_commit import git_commit
from pipeline.durability import create_folder, sync, write_durably
from pipeline.errors import InvalidInput, ModelMissing

_RECORD = "run.json"


@dataclass(frozen=True)
class Run:
    """The description of a fitted model; its parameters are in files beside it."""

    id: str
    slot: str
    created_at: str
    git_commit: str | None
    cleaning_version: int
    settings: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, Any]
    profile: dict[str, Any]
    versions: dict[str, str]
    seconds: float

    @classmethod
    def describe(cls, **facts: Any) -> Self:
        """A run of these facts, with a new id and the present time."""
        now = datetime.now(UTC)
        identifier = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        created_at = now.isoformat(timespec="milliseconds")
        return cls(id=identifier, created_at=created_at, git_commit=git_commit(), **facts)


def save_run(root: Path, run: Run, files: Mapping[str, bytes]) -> Path:
    """Write a run and its files; return its folder. All of it is on the disk then.

    The record is written last, since a folder without a record is no run.
    """
    folder = root / "runs" / run.id
    create_folder(folder.parent)
    folder.mkdir()  # fails where there is one: runs are never mixed
    sync(folder.parent)
    for name, content in files.items():
        write_durably(folder / name, content)
    record = json.dumps(asdict(run), indent=2, ensure_ascii=False)
    write_durably(folder / _RECORD, f"{record}\n".encode())
    return folder


def find_run(root: Path, identifier: str | None = None) -> Path:
    """Folder of a run by its id or a unique beginning of it; None: the newest run.

    Raises ModelMissing where there is none, InvalidInput where several match.
    """
    found = sorted(record.parent for record in (root / "runs").glob(f"*/{_RECORD}"))
    matches = [folder for folder in found if folder.name.startswith(identifier or "")]
    if not matches:
        which = f"run {identifier!r}" if identifier else "run"
        raise ModelMissing(f"No {which} in {root}/runs. Make one with `sentiment train`.")
    if identifier and len(matches) > 1 and identifier not in [folder.name for folder in matches]:
        names = ", ".join(folder.name for folder in matches)
        raise InvalidInput(f"Several runs begin with {identifier!r}: {names}. Give one whole id.")
    return matches[-1] if identifier is None else matches[0]


def load_run(folder: Path) -> tuple[Run, dict[str, bytes]]:
    """Read a run and its files; raises InvalidInput where its record is damaged."""
    try:
        run = Run(**json.loads((folder / _RECORD).read_bytes()))
    except (ValueError, TypeError):
        raise InvalidInput(f"{folder / _RECORD} is damaged. Train again.") from None
    paths = [path for path in folder.iterdir() if path.name != _RECORD]
    return run, {path.name: path.read_bytes() for path in paths}
