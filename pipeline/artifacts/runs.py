"""Runs: what training leaves in `<root>/runs/<id>/`, which sealing makes an artifact of."""

import json
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pipeline.artifacts.git_commit import git_commit
from pipeline.artifacts.locking import TEMPORARY, locked
from pipeline.artifacts.manifest import FILE_NAME, build
from pipeline.artifacts.verification import read_plain
from pipeline.durability import create_folder, sync, write_durably
from pipeline.errors import InvalidInput, ModelMissing

_RECORD = "run.json"
_LARGEST_RECORD = 16 * 2**20
_LARGEST_FILE = 16 * 2**30


@dataclass(frozen=True)
class Run:
    """The description of a fitted model; its parameters are in files beside it.

    `note`: what the user wishes to remember of it; no artifact holds it.
    """

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
    note: str = ""

    @classmethod
    def describe(cls, **facts: Any) -> Self:
        """A run of these facts, with a new id and the present time."""
        now = datetime.now(UTC)
        # The microseconds come next, so that runs of one second are in their order by name.
        identifier = f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.token_hex(1)}"
        created_at = now.isoformat(timespec="milliseconds")
        return cls(id=identifier, created_at=created_at, git_commit=git_commit(), **facts)


def save_run(root: Path, run: Run, files: Mapping[str, bytes]) -> Path:
    """Write a run and its files; return its folder. All of it is on the disk then.

    It is written aside and renamed, so that a crash leaves a whole run or none; what crashed
    processes left is removed. Raises ResourceUnavailable where another one writes for too long.
    """
    runs = root / "runs"
    create_folder(runs)
    with locked(runs), tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=runs) as temporary:
        folder = Path(temporary) / "run"
        folder.mkdir()
        for name, content in {**files, _RECORD: _record(run)}.items():
            (folder / name).write_bytes(content)
            sync(folder / name)
        sync(folder)
        folder.rename(runs / run.id)  # fails where there is one: runs are never mixed
        sync(runs)
    return runs / run.id


def _record(run: Run) -> bytes:
    record = json.dumps(asdict(run), indent=2, ensure_ascii=False) + "\n"
    # The name of a file can hold bytes that are no text; JSON has escapes for what stands for them.
    return record.encode("utf-8", "backslashreplace")


def list_runs(root: Path) -> list[Path]:
    """Folders of the runs under `root`, oldest first."""
    return sorted(record.parent for record in (root / "runs").glob(f"[!.]*/{_RECORD}"))


def find_run(root: Path, identifier: str | None = None) -> Path:
    """Folder of a run by its id or a unique beginning of it; None: the newest run.

    Raises ModelMissing where there is none, InvalidInput where several match.
    """
    matches = [folder for folder in list_runs(root) if folder.name.startswith(identifier or "")]
    if not matches:
        which = f"run {identifier!r}" if identifier else "run"
        raise ModelMissing(f"No {which} in {root}/runs. Make one with `sentiment train`.")
    if identifier and len(matches) > 1 and identifier not in [folder.name for folder in matches]:
        names = ", ".join(folder.name for folder in matches)
        raise InvalidInput(f"Several runs begin with {identifier!r}: {names}. Give one whole id.")
    return matches[-1] if identifier is None else matches[0]


def read_run(folder: Path) -> Run:
    """Read a run without its files; raises InvalidInput where its record is damaged."""
    try:
        record = json.loads(_read(folder / _RECORD, _LARGEST_RECORD))
        return build(Run, {"note": "", **record})  # older runs have none
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InvalidInput(f"{folder / _RECORD} is damaged. Train again.") from None


def notes(root: Path) -> dict[str, str]:
    """What was noted of the runs under `root`, by their ids."""
    found = {}
    for folder in list_runs(root):
        with suppress(InvalidInput):  # lists of runs tell of damaged ones
            found[folder.name] = read_run(folder).note
    return found


def annotate(folder: Path, note: str) -> None:
    """Give a run this note, in the place of any that it has."""
    write_durably(folder / _RECORD, _record(replace(read_run(folder), note=note)))


def load_run(folder: Path) -> tuple[Run, dict[str, bytes]]:
    """Read a run and its files; raises InvalidInput where it is damaged, or holds other files."""
    run = read_run(folder)
    paths = [path for path in sorted(folder.iterdir()) if path.name != _RECORD]
    for path in paths:
        if not FILE_NAME.fullmatch(path.name):
            raise InvalidInput(f"{str(path)!a} is no file of a run. Remove it from there.")
    return run, {path.name: _read(path, _LARGEST_FILE) for path in paths}


def _read(path: Path, largest: int) -> bytes:
    try:
        return read_plain(path, largest)
    except (OSError, MemoryError) as error:
        reason = error.strerror if isinstance(error, OSError) else "too long for the memory"
        raise InvalidInput(f"{path} cannot be read ({reason}). Fix that, or train again.") from None
