"""The file current.json of a slot, which names the artifact in use: read with care, replaced whole.

A link, a pipe or anything else but a short plain file is taken as damaged: none is followed, and
none can make the reader wait.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from pipeline.artifacts import builtin
from pipeline.artifacts.verification import ANY, Trust, read_plain
from pipeline.durability import discard, write_durably
from pipeline.errors import ArtifactRefused, ModelMissing

CURRENT = "current.json"
DIGEST = re.compile(r"[0-9a-f]{64}")
HOW_TO_GET = {
    "fast": "Make one with `sentiment train` and `sentiment serialize`.",
    "deep": "Get one with `sentiment pull`, or use the fast one.",
}
"""How to get a model, by slot."""
LARGEST = 4096
"""Bytes of current.json."""


def current_artifact(root: Path, slot: str) -> Path:
    """Folder of the current artifact of a slot.

    Raises ModelMissing where there is none, ArtifactRefused where current.json is damaged.
    """
    digest = read_current(root / slot).get("digest")
    if digest is None:
        raise ModelMissing(f"No {slot} model in {root}/. {HOW_TO_GET[slot]}")
    return root / slot / str(digest)


def artifact_in_use(root: Path, slot: str, trust: Trust = ANY) -> Path:
    """Folder of a slot's current artifact, or of the built-in one where there is none.

    A damaged current.json, or a current artifact that is refused, is no reason to use the built-in
    one. Raises ArtifactRefused for the former; ModelMissing where there is no artifact for the
    slot, or what is demanded rules out the built-in one.
    """
    try:
        return current_artifact(root, slot)
    except ModelMissing as missing:
        if slot != builtin.SLOT:
            raise
        if trust.public_key is not None:
            raise ModelMissing(f"{missing} The built-in one is not signed.") from None
        if not builtin.DIGEST.startswith(trust.digest or ""):
            raise ModelMissing(f"{missing} The built-in one is {builtin.NAME}.") from None
        return builtin.FOLDER


def default_slot(root: Path) -> str:
    """The slot to use where none is asked for: the deep one if it has a current artifact."""
    return "deep" if read_current(root / "deep") else "fast"


def read_current(slot: Path) -> dict[str, Any]:
    """The record current.json: digest, previous, sequence; empty where there is none.

    Raises ArtifactRefused where it is damaged.
    """
    path = slot / CURRENT
    if os.path.lexists(slot) and not slot.is_dir():
        raise ArtifactRefused(f"{slot} is no folder. Remove it, or put the folder back.")
    try:
        return parse_record(read_plain(path, LARGEST))
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise ArtifactRefused(
            f"{path} cannot be read ({error.strerror}). Give this account access to {slot} and "
            "what is in it, or replace the file with `sentiment artifacts use DIGEST`."
        ) from None
    except OSError as error:
        raise _damaged(path, error.strerror or "") from None
    except Unusable as error:
        raise _damaged(path, str(error)) from None


class Unusable(Exception):
    """Why what was found is no record."""


def _damaged(path: Path, reason: str) -> ArtifactRefused:
    return ArtifactRefused(
        f"{path} is damaged ({reason}). Choose an artifact of `sentiment artifacts list` with "
        "`sentiment artifacts use DIGEST`: that repairs it."
    )


def parse_record(content: bytes) -> dict[str, Any]:
    """The record that current.json holds; raises Unusable where it is none."""
    try:
        record = json.loads(content)
        digests = [record["digest"], *filter(None, [record["previous"]])]
        if all(DIGEST.fullmatch(digest) for digest in digests) and record["sequence"] > 0:
            return dict(record)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise Unusable("no record of digest, previous and sequence")


def make_current(slot: Path, digest: str) -> None:
    """Record the artifact with this digest as the current one; the slot must be `locked`.

    What is damaged is replaced, whatever it is; which artifact was the previous one is lost then.
    """
    try:
        before = read_current(slot)
    except ArtifactRefused:
        before = {}
        if not (slot / CURRENT).is_file():  # only files are replaced
            discard(slot / CURRENT)
    content = next_content(before, digest)
    if content is not None:
        write_durably(slot / CURRENT, content)


def next_content(before: dict[str, Any], digest: str) -> bytes | None:
    """What current.json is to hold for another artifact; None where that is current already."""
    if before.get("digest") == digest:
        return None
    record = {
        "digest": digest,
        "previous": before.get("digest"),
        "sequence": before.get("sequence", 0) + 1,
    }
    return f"{json.dumps(record, sort_keys=True)}\n".encode()


def state_of(slot: Path) -> object:
    """A value that changes when the slot's artifact is replaced or fixed; None without artifact."""
    try:
        changed = _times(slot / CURRENT)
    except OSError:
        return None
    try:
        current = read_current(slot)
        folder = slot / str(current.get("digest"))
        paths = (folder, *sorted(folder.iterdir()))
        return changed, current, [(path.name, _times(path)) for path in paths]
    except (OSError, ArtifactRefused):
        return changed, None


def _times(path: Path) -> tuple[int, int, int]:
    status = path.lstat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
