"""Which commit of this project the running code is."""

import os
import subprocess
import tomllib
from pathlib import Path

PROJECT = "sentiment-toolkit"
_PACKAGE = Path(__file__).parents[1]


def git_commit(package: Path = _PACKAGE) -> str | None:
    """The commit of the checkout that holds this package; None where that cannot be told for sure.

    A package that was installed into a folder of somebody else's repository is no part of that: its
    commit would say nothing of this code. So the repository has to have this project's
    pyproject.toml at its top, and the package beside it, tracked.
    """
    top = package.parent
    if not _is_project(top):
        return None
    found = _git(top, "rev-parse", "--show-toplevel")
    if found is None or Path(found).resolve() != top.resolve():
        return None
    if _git(top, "ls-files", "--error-unmatch", f"{package.name}/__init__.py") is None:
        return None
    return _git(top, "rev-parse", "--verify", "HEAD")


def _is_project(folder: Path) -> bool:
    """Whether the folder holds this project's own pyproject.toml."""
    try:
        described = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        return bool(described["project"]["name"] == PROJECT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says in this folder; None where it fails or is not installed.

    Variables such as GIT_DIR, which git sets for its hooks, would make it look elsewhere.
    """
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, check=True
        )
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None
