"""`sentiment` with a bug in how outputs are written, or none:
`python -m tests.torture.planted_outputs BUG predict …`.
"""

import sys
from pathlib import Path
from typing import IO

from cli import main as command_line
from pipeline import durability, own_files, targets
from pipeline.batch import report, scoring
from pipeline.batch.output import output_files


def trusting(path: Path, like: Path) -> IO[bytes]:  # noqa: ARG001
    """As `create`, but whatever has the name already is written to."""
    return path.open("w+b")


def trust_names() -> None:
    """Side files are opened as they come, through links, and nobody looks at what they are."""
    for module in (durability, output_files):
        setattr(module, "create", trusting)  # noqa: B010 - as mypy knows the module's own
    setattr(durability, "_check_undisturbed", lambda *_: None)  # noqa: B010
    setattr(own_files, "_refuse_foreign", lambda *_: None)  # noqa: B010
    setattr(output_files, "reopen", lambda path: path.open("r+b"))  # noqa: B010


def replace_devices() -> None:
    """A device or a pipe is taken for a file."""
    for module in (targets, report, scoring, output_files):
        setattr(module, "is_stream", lambda _: False)  # noqa: B010
    for module in (durability, output_files, scoring):
        setattr(module, "check_replaceable", lambda _: None)  # noqa: B010


def forget_permissions() -> None:
    """A new file has the permissions that the umask leaves."""
    for module in (durability, own_files):
        setattr(module, "imitate", lambda *_, **__: None)  # noqa: B010
    for module in (durability, output_files):
        setattr(module, "create", lambda path, like: own_files.create(path, like.with_name("none")))  # noqa: B010


def ignore_surroundings() -> None:
    """The locale and the standard streams are taken as they are."""
    setattr(command_line, "prepare", lambda: None)  # noqa: B010


BUGS = {
    "none": lambda: None,
    "trust-names": trust_names,
    "replace-devices": replace_devices,
    "forget-permissions": forget_permissions,
    "ignore-surroundings": ignore_surroundings,
}

if __name__ == "__main__":
    BUGS[sys.argv[1]]()
    # It may start itself anew, with all of its arguments.
    sys.argv = [sys.argv[0], *sys.argv[2:]]
    command_line.main()
