"""A real bash that is given one command after the other, as by a person at a terminal."""

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_SECONDS = 300


@dataclass(frozen=True)
class Ran:
    """What became of a command."""

    code: int
    output: str
    errors: str


class Terminal:
    """`bash -euo pipefail`: folder, variables and background jobs last from command to command.

    The first command that fails ends it. `notes` is a folder for what the commands print.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], notes: Path) -> None:
        self.notes = notes
        self.bash = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, command: str) -> Ran:
        """Run a command to its end; 124 is the code of one that takes too long."""
        output, errors = self.notes / "stdout", self.notes / "stderr"
        code = self._enter(f"{{ {command}\n}} </dev/null >{output} 2>{errors}")
        return Ran(code, _text(output), _text(errors))

    def start(self, command: str) -> None:
        """Run a command in the background; the one started before must have been stopped."""
        log = self.notes / "log"
        self._enter(f"(exec {command}\n) </dev/null >{log} 2>&1 & background=$!")

    def stop(self) -> Ran:
        """Ask the command in the background to end, as `kill` and systemd do; its exit code."""
        code = self._enter('kill "$background"; wait "$background"')
        return Ran(code, "", _text(self.notes / "log"))

    def log(self) -> str:
        """What the command in the background has printed so far."""
        return _text(self.notes / "log")

    def _enter(self, command: str) -> int:
        assert self.bash.stdin
        assert self.bash.stdout
        self.bash.stdin.write(f"{command}\necho\n".encode())
        self.bash.stdin.flush()
        if not select.select([self.bash.stdout], [], [], MOST_SECONDS)[0]:
            return 124
        return 0 if self.bash.stdout.readline() else self.bash.wait()

    def close(self) -> None:
        """End the shell and all that it left running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.bash.pid, signal.SIGTERM)
        self.bash.communicate()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


@contextmanager
def terminal(folder: Path, environment: Mapping[str, str], notes: Path) -> Iterator[Terminal]:
    """A terminal in a folder, closed at the end."""
    opened = Terminal(folder, environment, notes)
    try:
        yield opened
    finally:
        opened.close()
