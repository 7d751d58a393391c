"""Outputs of every kind: files, links, pipes, devices, and names at which somebody planted things.

Each trial is one run of `sentiment predict` in a folder of its own, with nodes of its own.
Afterwards nothing may have changed its kind, permissions or target, no file may have another
content but those that were named as outputs, and nothing may lie there that was not named. Where a
run says that it succeeded, what it has written is what a run into a plain file writes.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.paths import ROOT
from tests.torture.device_nodes import KINDS, PLANTED, REJECTS, STREAMS, Trial
from tests.torture.small import Small
from tests.torture.tally import table

PROGRAM = (sys.executable, "-m", "tests.torture.planted_outputs")
SECONDS = 60.0
MOST = 2**16
"""Bytes that a pipe holds, more than a trial writes: so that it is read when all is over."""

FOUND_BY = {
    "trust-names": (
        Trial("file", "csv", side="OUT.partial", planted="planted link"),
        Trial("nothing", "csv", "file", side="apart/.report.html.new", planted="planted link"),
    ),
    "replace-devices": (Trial("device", "csv"), Trial("pipe", "csv", "device")),
    "forget-permissions": (Trial("file", "csv"), Trial("nothing", "csv", "file")),
}
"""Bugs of `planted_outputs`, and trials each of which finds them."""

HEAD = ("what is there", "runs", "done", "ended with 3", "with 2", "with 5", "problems")

Looked = dict[str, tuple[object, ...]]


@dataclass
class Result:
    """How a trial ended; `got`: what came out of standard output and of pipes, by their names."""

    trial: Trial
    code: int
    stderr: str
    got: dict[str, bytes]
    problems: list[str] = field(default_factory=list)


def why_not() -> str | None:
    """Why no devices can be made here, None if they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root makes devices, and these are Linux'"
    return None


def try_all(
    small: Small, scratch: Path, chosen: list[Trial], bug: str = "none"
) -> Iterator[Result]:
    """Run these, each in a folder of its own."""
    plain: dict[Trial, bytes] = {}
    for number, trial in enumerate(chosen):
        model = Trial("nothing", trial.suffix, has_rejects=trial.has_rejects)
        if model not in plain and not trial.is_refused:
            run(small, scratch / f"plain {number}", model, "none")
            plain[model] = (scratch / f"plain {number}" / model.name).read_bytes()
        yield judged(small, scratch / str(number), trial, bug, plain.get(model, b""))


def judged(small: Small, folder: Path, trial: Trial, bug: str, rows: bytes) -> Result:
    """Run one, and compare the folder before and after; `rows`: what it has to write."""
    folder.mkdir()
    trial.lay_out(folder)
    before = look(folder)
    result = run(small, folder, trial, bug)
    result.problems += [*_judge_ending(result), *_judge_folder(trial, before, look(folder))]
    if not trial.is_refused and result.code in (0, 3):
        result.problems += _judge_rows(result, folder, rows)
    return result


def run(small: Small, folder: Path, trial: Trial, bug: str) -> Result:
    """Run one; if the folder is not there yet, with nothing but the input in it."""
    if not folder.exists():
        folder.mkdir()
        trial.lay_out(folder)
    arguments = ["predict", "--fast", str(folder / "given.csv"), "-o", str(folder / trial.name)]
    arguments += ["-q", "--artifacts", str(small.root)]
    arguments += ["--report", str(folder / "apart" / "report.html")] * bool(trial.report)
    with ExitStack() as stack:
        pipes = {path.name: _reader(path, stack) for path in folder.rglob("*") if path.is_fifo()}
        command = [*PROGRAM, bug, *arguments]
        options = {"stdin": subprocess.DEVNULL, "capture_output": True}
        done = subprocess.run(command, cwd=ROOT, timeout=SECONDS, check=False, **options)  # type: ignore[call-overload]
        got = {name: _all_of(pipe) for name, pipe in pipes.items()}
    return Result(trial, done.returncode, done.stderr.decode(), {**got, "stdout": done.stdout})


def _reader(path: Path, stack: ExitStack) -> int:
    """Open a pipe without waiting for a writer, who then need not wait for us."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    stack.callback(os.close, descriptor)
    return descriptor


def _all_of(pipe: int) -> bytes:
    try:
        return os.read(pipe, MOST)
    except BlockingIOError:
        return b""


def look(folder: Path) -> Looked:
    """Of everything there: kind and permissions, owner, device, target; last, a file's content."""
    found: Looked = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        what = (oct(status.st_mode), status.st_uid, status.st_gid, status.st_rdev, target, content)
        found[str(path.relative_to(folder))] = what
    return found


def _judge_ending(result: Result) -> Iterator[str]:
    trial = result.trial
    wanted = {3} if trial.is_refused or trial.has_rejects else {0}
    if trial.is_refused:
        wanted.add(2)  # Click's own checks
    elif trial.output == "full device":
        wanted = {5}
    if result.code not in wanted or "Traceback" in result.stderr:
        yield f"ended with {result.code}: {result.stderr[-200:]!r}"


def _judge_folder(trial: Trial, before: Looked, after: Looked) -> Iterator[str]:
    side = trial.side.replace("OUT", trial.name)
    for name, was in before.items():
        now = after.get(name)
        if name == side and trial.side == REJECTS and not trial.is_refused:
            continue  # of an earlier run
        if now is None:
            yield f"{name} is gone"
        elif now[:-1] != was[:-1]:
            yield f"{name} was {was[:-1]} and is {now[:-1]}"
        elif now != was and (name not in trial.named or trial.is_refused):
            yield f"{name} has another content"
    for name in after.keys() - before.keys():
        if name not in trial.named or trial.is_refused:
            yield f"{name} is left"


def is_about_nodes(problem: str) -> bool:
    """Whether it is one of the folder, not of how the run ended or what it wrote."""
    return not problem.startswith(("ended", "wrote"))


def _judge_rows(result: Result, folder: Path, rows: bytes) -> Iterator[str]:
    trial, found = result.trial, None
    if trial.output == "pipe":
        found = result.got[trial.name]
    elif trial.output == "link to stdout":
        found = result.got["stdout"]
    elif trial.output not in STREAMS:
        found = (folder / trial.name).read_bytes()
    if found is not None and found != rows:
        yield f"wrote {found[:80]!r}, not {rows[:80]!r}"
    if trial.report == "pipe" and b"</html>" not in result.got["report.html"]:
        yield "the report's reader got no page"


def report_devices(results: list[Result]) -> bool:
    """Print how trials of each kind ended; return whether nothing is wrong."""
    rows = []
    for kind in (*KINDS, *PLANTED):
        of = [r for r in results if kind == (r.trial.planted or r.trial.output)]
        codes = [sum(r.code == code for r in of) for code in (0, 3, 2, 5)]
        if of:
            rows.append([kind, *map(str, (len(of), *codes, sum(bool(r.problems) for r in of)))])
    print(table(HEAD, rows), flush=True)
    for result in results:
        for problem in result.problems[:3]:
            print(f"  {result.trial}: {problem}")
    return not any(result.problems for result in results)
