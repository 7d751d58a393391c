"""Peak memory of a command with all processes that it starts, while it runs."""

import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

SECONDS = 0.1
"""Between two looks."""


def run(command: Sequence[str]) -> tuple[float, float]:
    """Run to the end; return (seconds, peak megabytes).

    The peak is that of the sum of all its processes' PSS (proc(5)): a page that several of them
    share counts once in all. It is looked up now and then, so a short peak may be missed. Raises
    CalledProcessError where the command fails.
    """
    begin, peak = time.perf_counter(), 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_share, _tree(process.pid))))
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS)
        seconds = time.perf_counter() - begin
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return seconds, peak / 1024


def _tree(pid: int) -> list[int]:
    """The process and all below it that are there now."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in path.read_text().split():
                found += _tree(int(child))
    return found


def _share(pid: int) -> int:
    """Kilobytes of a process; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
