"""Running attempts in a child process with little memory and time, watched for foreign code."""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from tests.support.paths import ROOT
from tests.torture.tally import Tally

Result = TypeVar("Result")

MEMORY = 512 * 2**20
"""What a child may take beyond what it has when its imports are done."""
SECONDS = 10.0
CHILD_SECONDS = 1800
FOREIGN = ("os.", "subprocess.", "socket.", "ctypes.", "exec", "compile", "import", "open", "code.")
"""Beginnings of the audit events (PEP 578) of which reading numbers has no need."""


class Watch:
    """Counts audit events while it is on; there is one a process, as hooks cannot be taken out."""

    def __init__(self) -> None:
        self.is_on = False
        self.events: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_on and event.startswith(FOREIGN):
            self.events.append(f"{event} {arguments!r:.80}")

    @contextmanager
    def on(self) -> Iterator[None]:
        """Listen; end the process by SIGALRM if this takes longer than SECONDS."""
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False
            signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory(size: int) -> None:
    """Let this process, and those that it starts, map so many bytes at most."""
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def confine() -> None:
    """Limit this process's memory; the timer of a Watch ends the process."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit_memory(pages * resource.getpagesize() + MEMORY)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def apart(function: Callable[..., Result], *arguments: object) -> Result:
    """Call it in a process of its own, whose children are the only ones whose memory it sees."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def in_child(module: str, *arguments: object) -> Tally:
    """Run `python -m module arguments`, which prints what it begins, and its Tally at the end.

    If it ends early, or is ended for its time or its memory, that is a problem with what it began.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=CHILD_SECONDS, check=False
    )
    lines = done.stdout.splitlines()
    last = lines[-1] if lines else "its start"
    if done.returncode == 0 and last.startswith("{"):
        return Tally(**json.loads(last))
    reason = done.stderr.strip().rpartition("\n")[2]
    return Tally(module, problems=[f"{last}: process ended with {done.returncode}: {reason}"])


def hand_over(tally: Tally) -> None:
    """Print a Tally for the parent process."""
    print(json.dumps(asdict(tally)))
