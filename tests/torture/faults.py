"""Faults injected by strace at the system calls with which `sentiment serialize` writes.

The store holds an older artifact. After each fault current.json names the old or the new one, the
one named is whole, and the next `serialize` succeeds and leaves nothing but artifacts behind.
SIGKILL shows what a crash of the process leaves, not what a power cut does: that is what the
fsyncs are for, and these are counted here, not pulled out.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts.pointer import CURRENT, read_current
from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_current, load_folder
from pipeline.workflows.sealing import serialize
from tests.support.paths import ROOT
from tests.torture.small import Small
from tests.torture.tally import table

SENTIMENT = (sys.executable, "-m", "cli.main")
PLANTED = (sys.executable, "-m", "tests.torture.planted_publisher")
SYSCALLS = ("write", "fsync", "rename", "mkdir", "chmod", "unlink", "unlinkat", "rmdir")
FAULTS = {
    "ENOSPC": "error=ENOSPC",
    "EIO": "error=EIO",
    "SIGKILL before": "error=EIO:signal=KILL",
    "SIGKILL after": "signal=KILL",
}
"""What strace does at a call: fail it; kill the process in place of it, or once it is done."""
SECONDS = 60
_CALL = re.compile(r"\d+ +(\w+)\((.*)")


@dataclass(frozen=True)
class Call:
    """The `number`-th call of a kind in the whole process, counted from 1."""

    syscall: str
    number: int


@dataclass(frozen=True)
class Result:
    """What a fault left: the artifact that is current, and what is wrong, if anything."""

    call: Call
    fault: str
    left: str
    problems: tuple[str, ...]


def why_not() -> str | None:
    """Why no fault can be injected here, None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt install strace)"
    if not Path("/proc/self/fd").exists():
        return "this is not Linux"
    command = ["strace", "-f", "-e", "inject=getppid:error=EIO", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"strace cannot trace here: {done.stderr.strip()}"


def inject_all(
    small: Small, scratch: Path, every: int = 1, command: tuple[str, ...] = SENTIMENT
) -> Iterator[Result]:
    """Inject each fault at every `every`-th call, each time over a store as it was at first."""
    calls = count_calls(small, scratch, command)
    faults = [(call, fault) for fault in FAULTS for call in calls]
    for call, fault in faults[::every]:
        yield inject(small, scratch, call, fault, command)


def count_calls(small: Small, scratch: Path, command: tuple[str, ...] = SENTIMENT) -> list[Call]:
    """The writing calls of an undisturbed run, from the first one that touches the store."""
    root = Path(shutil.copytree(small.root, scratch / "counted"))
    log = scratch / "strace.log"
    done = _run(small, root, command, "-o", str(log))
    if done.returncode != 0:
        raise RuntimeError(f"serialize fails without a fault: {done.stderr}")
    shutil.rmtree(root)
    return list(_calls(log.read_text(), str(root)))


def _calls(log: str, root: str) -> Iterator[Call]:
    """The calls that strace wrote down, without those of the imports."""
    seen: dict[str, int] = {}
    has_begun = False
    for syscall, arguments in _CALL.findall(log):
        seen[syscall] = seen.get(syscall, 0) + 1
        has_begun = has_begun or root in arguments
        if has_begun:
            yield Call(syscall, seen[syscall])


def inject(
    small: Small, scratch: Path, call: Call, fault: str, command: tuple[str, ...] = SENTIMENT
) -> Result:
    """Serialize the newer run with a fault, look at the store, then serialize it undisturbed."""
    root = Path(shutil.copytree(small.root, scratch / "store"))
    rule = f"inject={call.syscall}:{FAULTS[fault]}:when={call.number}"
    done = _run(small, root, command, "-e", rule, "-o", "/dev/null")
    left, problems = _look(small, root)
    problems += _judge_ending(done, fault, left)
    problems += _serialize_again(small, root)
    shutil.rmtree(root)
    return Result(call, fault, left, tuple(problems))


def _run(
    small: Small, root: Path, command: tuple[str, ...], *options: str
) -> "subprocess.CompletedProcess[str]":
    arguments = [*command, "serialize", small.newer, "--artifacts", str(root)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [
            "strace",
            "-f",
            "-e",
            f"trace={','.join(SYSCALLS)}",
            *options,
            *arguments,
        ],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _look(small: Small, root: Path) -> tuple[str, list[str]]:
    """Which artifact is current, "old" or "new"; and problems, such as that it does not load."""
    try:
        handler = load_current(root, "fast")
    except SentimentError as error:
        return "neither", [f"the current artifact does not load: {error}"]
    is_old = handler.folder.name == small.folder.name
    is_new = handler.artifact.manifest.run == small.newer
    left = "old" if is_old else "new" if is_new else "another"
    return left, [] if is_old or is_new else ["another artifact is current"]


def _judge_ending(done: "subprocess.CompletedProcess[str]", fault: str, left: str) -> list[str]:
    """A killed process is gone; another ends with 5 and one line, or with 0 when all is done."""
    if fault.startswith("SIGKILL"):
        return [] if done.returncode in (-9, 137) else [f"ended with {done.returncode}, not killed"]
    if done.returncode == 0:
        return [] if left == "new" else ["ended with 0, but the old one is current"]
    problems = [] if done.returncode == 5 else [f"ended with {done.returncode}"]
    lines = done.stderr.splitlines()
    return problems + ([] if len(lines) == 1 else [f"said {done.stderr!r}"])


def _serialize_again(small: Small, root: Path) -> list[str]:
    try:
        digest = serialize(root, small.newer, root)
        load_folder(root / "fast" / digest)
    except (SentimentError, OSError) as error:
        return [f"the next serialize fails: {error}"]
    kept = {small.folder.name, digest, CURRENT, ".lock"}
    rubbish = {path.name for path in (root / "fast").iterdir()} - kept
    problems = [f"the next serialize leaves {', '.join(sorted(rubbish))}"] if rubbish else []
    current = read_current(root / "fast").get("digest")
    return problems + ([] if current == digest else ["the next serialize changes nothing"])


def report_faults(results: list[Result]) -> bool:
    """Print how often each fault left what; return whether nothing is wrong."""
    rows = []
    for fault in FAULTS:
        for syscall in SYSCALLS:
            of = [r for r in results if r.fault == fault and r.call.syscall == syscall]
            lefts = [sum(r.left == left for r in of) for left in ("old", "new")]
            bad = sum(bool(r.problems) for r in of)
            if of:
                rows.append([f"{fault} {syscall}", *map(str, (len(of), *lefts, bad))])
    total = [sum(int(row[column]) for row in rows) for column in range(1, 5)]
    rows.append(["all faults", *map(str, total)])
    print(table(("fault", "injected", "old left", "new left", "problems"), rows), flush=True)
    for result in results:
        for problem in result.problems:
            print(f"  {result.fault} at {result.call}: {problem}")
    return not any(result.problems for result in results)
