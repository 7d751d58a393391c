"""SIGKILL at random moments of `sentiment predict`, and the same command again, until it ends.

The output and the rejects must be those of an undisturbed run, byte for byte, and nothing else may
be left. SIGKILL shows what a crash of the process leaves, not what a power cut does: that is what
the fsync before each checkpoint is for.

Scoring is quick, so moments are drawn from the time in which rows are written, as long as an
undisturbed run took for what is left of them, and many chunks lie between two checkpoints: nearly
every kill finds rows behind the last one.
"""

import gzip
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import ROOT, SAMPLE
from tests.torture.small import Small
from tests.torture.tally import table

KILLED = "tests.torture.killed_predict"
KILLS_A_RUN = 4
SECONDS = 120.0
INTERVAL = 0.02
"""Seconds between checkpoints, where the product has two."""

BEFORE = 0.1
"""Share of the kills that come before the first row is written, as a run starts or resumes."""


@dataclass(frozen=True)
class Case:
    """Formats of input and output, and the number of processes."""

    given: str
    scored: str
    jobs: int

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.given} to {self.scored}, {self.jobs} job{'s' * (self.jobs > 1)}"


CASES = (
    Case("in.tsv", "out.tsv", 1),
    Case("in.tsv", "out.tsv", 2),
    Case("in.jsonl", "out.jsonl.zst", 1),
    Case("in.csv.gz", "out.parquet", 1),
    Case("in.parquet", "out.parquet", 2),
)


@dataclass
class Result:
    """Kills of a case; what they left, in how many of them; what went wrong.

    `resumed`: a journal to go on from. `behind`: rows, or the beginning of one, that are behind the
    journal's checkpoint. `unnamed`: all rows, which a run was about to give their name.
    """

    case: Case
    kills: int = 0
    resumed: int = 0
    behind: int = 0
    unnamed: int = 0
    problems: list[str] = field(default_factory=list)


def write_inputs(folder: Path, copies: int) -> None:
    """The sample, so many times and with broken rows, in each format."""
    lines = SAMPLE.read_bytes().split(b"\n")
    body = b"\n".join([*lines[1:], b"broken", b"\xff\t\xff\t1", b""]) * copies
    table = lines[0] + b"\n" + body
    (folder / "in.tsv").write_bytes(table)
    rows = [line.split("\t") for line in body.decode("utf-8", "ignore").split("\n")]
    whole = [row for row in rows if len(row) == 3]
    (folder / "in.csv.gz").write_bytes(
        gzip.compress("\n".join(["id,text,label", *(f'{r[0]},"{r[1]}",1' for r in whole)]).encode())
    )
    objects = [json.dumps({"id": row[0], "text": row[1]}) for row in whole]
    (folder / "in.jsonl").write_text("\n".join([*objects, "{", ""]))
    import pyarrow
    import pyarrow.parquet

    columns = {"text": [row[1] for row in whole], "n": list(range(len(whole)))}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "in.parquet")


@dataclass(frozen=True)
class Setup:
    """What all runs of a case have in common; `interval`: seconds between checkpoints."""

    small: Small
    scratch: Path
    case: Case
    bug: str = "none"
    interval: float = INTERVAL

    def start(self, output: Path, bug: str) -> "subprocess.Popen[str]":
        """Start a run."""
        options = ["--jobs", str(self.case.jobs), "--max-rejects", "999999", "--quiet"]
        given = str(self.scratch / self.case.given)
        command = [
            *(sys.executable, "-m", KILLED, bug, str(self.interval), "predict", "--fast", given),
            *("--artifacts", str(self.small.root), "-o", str(output), *options),
        ]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def kill_all(
    small: Small,
    scratch: Path,
    kills: int,
    copies: int = 20,
    bug: str = "none",
    seed: int = 0,
    interval: float = INTERVAL,
) -> Iterator[Result]:
    """Share out so many kills over the cases."""
    write_inputs(scratch, copies)
    for number, case in enumerate(CASES):
        share = kills // len(CASES) + (number < kills % len(CASES))
        setup = Setup(small, scratch, case, bug, interval)
        yield kill_case(setup, share, random.Random(f"{seed} {number}"))


def kill_case(setup: Setup, kills: int, chance: random.Random) -> Result:
    """Kill runs of one case so often."""
    result = Result(setup.case)
    undisturbed = setup.scratch / f"undisturbed.{setup.case.scored}"
    length = _run(setup, undisturbed, "none")
    output = setup.scratch / setup.case.scored
    while result.kills < kills and not result.problems:
        is_over = False
        for _ in range(min(KILLS_A_RUN, kills - result.kills)):
            if is_over := not _kill(setup, output, length, chance):
                break
            result.kills += 1
            _count(result, output)
        if not is_over:  # though the output may be there: the kill came before the tidying up
            _run(setup, output, setup.bug, result.problems)
        result.problems += _look(output, undisturbed)
        for path in setup.scratch.glob(f"{output.name}*"):
            path.unlink()
    return result


class Length(NamedTuple):
    """How long a run writes, and how many bytes that are before they get their name."""

    seconds: float
    size: int

    def left(self, saved: int) -> float:
        """Seconds that a run takes which has so many bytes already."""
        return self.seconds * (1 - saved / self.size)


def _run(setup: Setup, output: Path, bug: str, problems: list[str] | None = None) -> Length:
    """Run to the end; return how long it took since the first row was written."""
    process = setup.start(output, bug)
    _wait(process, lambda: _size(output) > 0)
    begin, size = time.monotonic(), 1
    while process.poll() is None:
        size = max(size, _size(output))
        time.sleep(0.002)
    _, stderr = process.communicate(timeout=SECONDS)
    if process.returncode and problems is not None:
        problems.append(f"ended with {process.returncode}: {stderr.strip()}")
    return Length(time.monotonic() - begin, size)


def _kill(setup: Setup, output: Path, length: Length, chance: random.Random) -> bool:
    """Kill a run at a random moment; return whether it was still running."""
    Path(f"{output}.lock").unlink(missing_ok=True)  # of the one killed before
    saved = _saved(output)
    process = setup.start(output, setup.bug)
    if chance.random() < BEFORE:
        _wait(process, Path(f"{output}.lock").exists)
        time.sleep(chance.uniform(0, 0.1))
    else:
        _wait(process, lambda: _size(output) > saved)
        time.sleep(chance.uniform(0, length.left(saved)))
    process.kill()
    process.communicate(timeout=SECONDS)
    return process.returncode < 0


def _wait(process: "subprocess.Popen[str]", is_so: Callable[[], bool]) -> None:
    """Wait until it is so, or the run has ended."""
    while process.poll() is None and not is_so():
        time.sleep(0.002)


def _count(result: Result, output: Path) -> None:
    """What a kill left."""
    if not Path(f"{output}.journal").exists():
        return
    result.resumed += 1
    if json.loads(Path(f"{output}.journal").read_bytes())["checkpoint"]["is_complete"]:
        result.unnamed += 1
    else:
        result.behind += _size(output) > _saved(output)


def _size(output: Path) -> int:
    """Bytes of the rows written so far, and of the rejects."""
    size = 0
    for name in (f"{output}.partial", f"{output}.rejects.jsonl.partial"):
        with suppress(FileNotFoundError):
            size += Path(name).stat().st_size
    return size


def _saved(output: Path) -> int:
    """Bytes of rows and rejects of which the journal speaks."""
    try:
        checkpoint = json.loads(Path(f"{output}.journal").read_bytes())["checkpoint"]
    except FileNotFoundError:
        return 0
    return int(checkpoint["output_size"] + checkpoint["rejects_size"])


def _look(output: Path, undisturbed: Path) -> list[str]:
    """What is not as the undisturbed run left it."""
    problems = []
    for suffix in ("", ".rejects.jsonl"):
        found, expected = Path(f"{output}{suffix}"), Path(f"{undisturbed}{suffix}")
        if found.exists() != expected.exists():
            problems.append(f"{found.name} is {'' if found.exists() else 'not '}there")
        elif found.exists() and found.read_bytes() != expected.read_bytes():
            problems.append(f"{found.name} differs")
    names = {path.name for path in output.parent.glob(f"{output.name}*")}
    rubbish = names - {output.name, f"{output.name}.rejects.jsonl"}
    return problems + [f"{name} is left" for name in sorted(rubbish)]


def report_kills(results: list[Result]) -> bool:
    """Print the counts; return whether nothing is wrong."""
    counts = [(r.kills, r.resumed, r.behind, r.unnamed, len(r.problems)) for r in results]
    counts.append(tuple(map(sum, zip(*counts, strict=True))))
    names = [*(result.case.name for result in results), "all"]
    rows = [[name, *map(str, row)] for name, row in zip(names, counts, strict=True)]
    head = ("case", "kills", "left a journal", "rows behind it", "all but the name", "problems")
    print(table(head, rows), flush=True)
    for result in results:
        for problem in result.problems:
            print(f"  {result.case.name}: {problem}")
    return not any(result.problems for result in results)
