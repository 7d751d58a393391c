"""`sentiment verify URL` against hostile servers: each ends it with a line, in time and memory."""

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from pipeline.handlers.loading import load_current
from tests.support.hostile_servers import MODES, hostile_server
from tests.support.paths import SENTIMENT
from tests.torture.small import Small
from tests.torture.tally import Tally
from tests.torture.watching import limit_memory

PLANTED = (sys.executable, "-m", "tests.torture.planted_asking")
LIMIT_SECONDS = 30
LIMIT_BYTES = 2 * 2**30
"""Of address space, of which numpy takes most."""
REFUSED = (4, 5)
"""Exit codes: not the sealed answers, no answers."""
_OBEYED = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")
"""Bytes that a terminal obeys, line ends apart."""


def verify_all(
    small: Small, modes: Iterable[str] = MODES, command: Sequence[str] = (SENTIMENT,)
) -> Tally:
    """Verify a server of each mode, a process each; all must be refused."""
    total = Tally("hostile servers")
    model = load_current(small.root, "fast").name
    with ThreadPoolExecutor(4) as pool:
        for tally in pool.map(lambda mode: _verify(small.root, mode, model, command), modes):
            total.add(tally)
    return total


def _verify(root: Path, mode: str, model: str, command: Sequence[str]) -> Tally:
    tally, started = Tally(mode, tried=1), time.monotonic()
    with hostile_server(mode, model) as url:
        arguments = ["verify", url, "--artifacts", str(root), "--timeout", "2"]
        try:
            done = subprocess.run(
                [*command, *arguments],
                capture_output=True,
                check=False,
                timeout=LIMIT_SECONDS,
                preexec_fn=partial(limit_memory, LIMIT_BYTES),
            )
        except subprocess.TimeoutExpired:
            tally.problems.append(f"{mode}: not ended after {time.monotonic() - started:.0f} s")
            return tally
    problem = _problem(done)
    tally.refused += problem is None
    tally.problems += [] if problem is None else [f"{mode}: {problem}"]
    return tally


def _problem(done: "subprocess.CompletedProcess[bytes]") -> str | None:
    shown = done.stdout + done.stderr
    if b"Traceback" in shown:
        return shown.decode("utf-8", "replace").strip().splitlines()[-1][:200]
    if done.returncode not in REFUSED:
        return f"ended with {done.returncode}"
    if obeyed := _OBEYED.search(shown):
        return f"{obeyed[0]!r} came to the terminal"
    return f"{len(shown)} bytes came to the terminal" if len(shown) > 1000 else None
