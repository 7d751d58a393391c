"""The folder of this machine that holds what was read from a bucket, for this account alone."""

import hashlib
import json
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.leases import unused
from pipeline.artifacts.verification import Trust
from pipeline.durability import create_folder, discard
from pipeline.errors import ResourceUnavailable

KEPT_SECONDS = 30 * 24 * 3600
"""For which what was read at an address is kept after its last use."""


def cache_folder(address: BucketAddress, trust: Trust) -> Path:
    """The store that stands for the one at this address; made where it is missing.

    There is one for each `trust`: what is current in it is what satisfies that. Raises
    ResourceUnavailable where the folder cannot be made, or others can write to it.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    key = json.dumps([endpoint, str(address), trust.to_record()])
    name = f"{address.bucket}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    folder = _caches() / "sentiment" / "artifacts" / name
    try:
        create_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise ResourceUnavailable(
            f"{folder} cannot be made ({error.strerror}). Name a folder that this account may "
            "write to in XDG_CACHE_HOME."
        ) from None
    is_foreign = hasattr(os, "geteuid") and status.st_uid != os.geteuid()
    is_open = os.name != "nt" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(status.st_mode) or is_foreign or is_open:
        raise ResourceUnavailable(
            f"{folder} has to be a folder of this account that nobody else can write to. Remove it."
        )
    os.utime(folder)
    _forget_old(folder)
    return folder


def _forget_old(used: Path) -> None:
    """Remove the stores of other addresses that nobody has used for long."""
    for folder in used.parent.iterdir():
        with suppress(OSError):  # somebody else may have removed it
            artifacts = list(folder.glob("*/*/"))
            is_old = time.time() - folder.stat().st_mtime > KEPT_SECONDS
            if folder != used and is_old and all(map(_is_unused, artifacts)):
                discard(folder)


def _is_unused(folder: Path) -> bool:
    with unused(folder) as is_unused:
        return is_unused


def _caches() -> Path:
    """The user's folder for caches, by the XDG Base Directory Specification."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):  # noqa: PTH117 - the specification ignores relative ones
        return Path(named)
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        raise ResourceUnavailable("No home folder is known. Set XDG_CACHE_HOME.") from None
