"""What `train` leaves in `<root>/runs/<id>/`: fitted parameters, settings and metrics."""

import json
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pipeline.durability import write_durably
from pipeline.errors import InvalidInput, ModelMissing

_RECORD = "run.json"


@dataclass(frozen=True)
class Run:
    """A fitted model's description; its parameters lie beside it."""

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
        """Make a run with an id of its own and the present time."""
        now = datetime.now(UTC)
        identifier = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        created_at = now.isoformat(timespec="milliseconds")
        return cls(id=identifier, created_at=created_at, git_commit=_git_commit(), **facts)


def _git_commit() -> str | None:
    """Commit of the checkout that this code runs from, None outside of one or without git."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def save_run(root: Path, run: Run, files: Mapping[str, bytes]) -> Path:
    """Write a run and its files; the record comes last: a folder without one is no run."""
    folder = root / "runs" / run.id
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    record = json.dumps(asdict(run), indent=2, ensure_ascii=False)
    write_durably(folder / _RECORD, f"{record}\n".encode())
    return folder


def find_run(root: Path, identifier: str | None = None) -> Path:
    """Folder of a run by its id or unique beginning, the newest if None; raises ModelMissing."""
    found = sorted(record.parent for record in (root / "runs").glob(f"*/{_RECORD}"))
    matches = [folder for folder in found if folder.name.startswith(identifier or "")]
    if not matches:
        which = f"run {identifier!r}" if identifier else "run"
        raise ModelMissing(f"No {which} in {root}/runs. Make one with `sentiment train`.")
    if identifier and len(matches) > 1 and identifier not in [folder.name for folder in matches]:
        names = ", ".join(folder.name for folder in matches)
        raise InvalidInput(
            f"More than one run begins with {identifier!r}: {names}. Name one whole."
        )
    return matches[-1] if identifier is None else matches[0]


def load_run(folder: Path) -> tuple[Run, dict[str, bytes]]:
    """Read a run and its files."""
    try:
        run = Run(**json.loads((folder / _RECORD).read_bytes()))
    except (ValueError, TypeError):
        raise InvalidInput(f"{folder / _RECORD} is damaged. Train again.") from None
    paths = [path for path in folder.iterdir() if path.name != _RECORD]
    return run, {path.name: path.read_bytes() for path in paths}
