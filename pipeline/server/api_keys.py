"""The file of API keys."""

import stat
import sys
from pathlib import Path

from pipeline.errors import InvalidInput

SHORTEST_KEY = 16
"""In characters."""


def read_keys(path: Path) -> tuple[str, ...]:
    """Read API keys, one a line; a line that begins with # is a comment, never a key.

    Raises InvalidInput if other users could read the file, or if it holds no key or a bad one.
    """
    if sys.platform != "win32" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InvalidInput(f"{path} can be read by others: chmod 600 {path}")
    try:
        lines = [line.strip() for line in path.read_text("ascii").split("\n")]
    except UnicodeDecodeError:
        lines = []
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys or any(len(key) < SHORTEST_KEY or not key.isprintable() for key in keys):
        raise InvalidInput(
            f"{path} must hold a key a line, of {SHORTEST_KEY} ASCII characters at least. Make "
            f"one with: (umask 077; openssl rand -hex 32 > {path})"
        )
    return keys
