"""The journal of an unfinished output: of what run it is, and how far that has come.

It is replaced as a whole, after what it speaks of is on the disk: at any moment it is true.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.batch.totals import Totals
from pipeline.durability import sync, unfinished, write_durably
from pipeline.errors import InvalidInput
from pipeline.files.chunks import BEGINNING, Position
from pipeline.own_files import reopen

VERSION = 4
"""Another one where files are cut into chunks at other places, or other things are counted."""


@dataclass(frozen=True)
class Identity:
    """What must be the same for a run to be the continuation of another."""

    inputs: list[dict[str, Any]]
    settings: dict[str, Any]
    artifact: str

    def differences(self, record: dict[str, Any]) -> list[str]:
        """What is not as in the record of another run, read from JSON, in words."""
        mine, differences = json.loads(json.dumps(asdict(self))), []
        if record["artifact"] != self.artifact:
            differences.append(
                f"artifact {self.artifact[:12]} instead of {record['artifact'][:12]}"
            )
        paths, theirs = ([one["path"] for one in run["inputs"]] for run in (mine, record))
        if paths != theirs:
            differences.append("other inputs")
        elif changed := [one["path"] for one in mine["inputs"] if one not in record["inputs"]]:
            differences.append(f"changed since: {', '.join(changed)}")
        settings = mine["settings"]
        names = [n for n, value in record["settings"].items() if settings.get(n) != value]
        return differences + [f"another setting of {name}" for name in names]


@dataclass(frozen=True)
class Checkpoint:
    """Everything before `position` is written: the first bytes of the unfinished files hold it.

    `columns`: those of the input, once known; `is_complete`: there is nothing behind.
    """

    position: Position = BEGINNING
    output_size: int = 0
    rejects_size: int = 0
    columns: tuple[str, ...] | None = None
    totals: Totals = field(default_factory=Totals)
    is_complete: bool = False


@dataclass(frozen=True)
class Journal:
    """The journal file of one run."""

    path: Path
    identity: Identity

    def read(self) -> Checkpoint | None:
        """Where to go on, None if there is no journal; InvalidInput if it is of another run."""
        try:
            with reopen(self.path) as file:
                record = json.loads(file.read())
            version = record["version"]
            differences = self.identity.differences(record["identity"])
            checkpoint = _checkpoint(record["checkpoint"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            version, differences = None, ["a journal that cannot be read"]
        if version != VERSION or differences:
            raise InvalidInput(
                f"{self.path} is of an unfinished run that cannot be continued: "
                f"{'; '.join(differences) or 'another version of the program'}. "
                "Start over with --restart, or write to another file."
            )
        return checkpoint

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the journal; the files that it speaks of must be on the disk."""
        record = {
            "version": VERSION,
            "identity": asdict(self.identity),
            "checkpoint": asdict(checkpoint),
        }
        # In ASCII, as a path can hold bytes that are no text.
        write_durably(self.path, json.dumps(record).encode())

    def remove(self) -> None:
        """The run is over."""
        unfinished(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        sync(self.path.parent)


def _checkpoint(record: dict[str, Any]) -> Checkpoint:
    columns = record["columns"]
    return Checkpoint(
        **record
        | {
            "position": Position(*record["position"]),
            "columns": None if columns is None else tuple(columns),
            "totals": Totals.from_record(record["totals"]),
        }
    )
