"""SIGKILL at random moments of `sentiment predict`, and the same command again, until it ends.

The output and the rejects must be those of an undisturbed run, byte for byte, and nothing else may
be left. SIGKILL shows what a crash of the process leaves, not what a power cut does: that is what
the fsync before each checkpoint is for.
"""

import gzip
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.small import SAMPLE, Small
from tests.torture.tally import table

ROOT = Path(__file__).parents[2]
KILLED = "tests.torture.killed_predict"
KILLS_A_RUN = 4
SECONDS = 120.0


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
    """Kills of a case; after how many a journal was there to go on from; what went wrong."""

    case: Case
    kills: int = 0
    resumed: int = 0
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


def kill_all(
    small: Small, scratch: Path, kills: int, copies: int = 80, bug: str = "none", seed: int = 0
) -> Iterator[Result]:
    """Share out so many kills over the cases."""
    write_inputs(scratch, copies)
    for number, case in enumerate(CASES):
        share = kills // len(CASES) + (number < kills % len(CASES))
        yield kill_case(small, scratch, case, share, bug, random.Random(f"{seed} {number}"))


def kill_case(
    small: Small, scratch: Path, case: Case, kills: int, bug: str, chance: random.Random
) -> Result:
    """Kill runs of one case so often."""
    result = Result(case)
    undisturbed = scratch / f"undisturbed.{case.scored}"
    seconds = _run(small, scratch, case, undisturbed, "none")
    output = scratch / case.scored
    while result.kills < kills and not result.problems:
        killed = 0
        while killed < min(KILLS_A_RUN, kills - result.kills):
            is_killed = _kill(small, scratch, case, output, bug, chance.uniform(0, seconds))
            if not is_killed:
                break
            killed += 1
            result.resumed += Path(f"{output}.journal").exists()
        result.kills += killed
        if not output.exists() or killed:
            _run(small, scratch, case, output, bug, result.problems)
        result.problems += _look(output, undisturbed)
        for path in scratch.glob(f"{output.name}*"):
            path.unlink()
    return result


def _command(small: Small, scratch: Path, case: Case, output: Path, bug: str) -> list[str]:
    options = ["--jobs", str(case.jobs), "--max-rejects", "999999", "--quiet"]
    return [
        *(sys.executable, "-m", KILLED, bug, "predict", "--fast", str(scratch / case.given)),
        *("--artifacts", str(small.root), "-o", str(output), *options),
    ]


def _run(
    small: Small,
    scratch: Path,
    case: Case,
    output: Path,
    bug: str,
    problems: list[str] | None = None,
) -> float:
    """Run to the end; return the seconds since the first byte could be written."""
    process = _start(small, scratch, case, output, bug)
    begin = _begun(process, output)
    _, stderr = process.communicate(timeout=SECONDS)
    if process.returncode and problems is not None:
        problems.append(f"ended with {process.returncode}: {stderr.strip()}")
    return time.monotonic() - begin


def _start(
    small: Small, scratch: Path, case: Case, output: Path, bug: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        _command(small, scratch, case, output, bug), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


def _begun(process: "subprocess.Popen[str]", output: Path) -> float:
    """Wait until the run holds the lock of its output; return the time."""
    while process.poll() is None and not Path(f"{output}.lock").exists():
        time.sleep(0.002)
    return time.monotonic()


def _kill(small: Small, scratch: Path, case: Case, output: Path, bug: str, seconds: float) -> bool:
    """Kill a run so many seconds after it began to write; return whether it was still running."""
    Path(f"{output}.lock").unlink(missing_ok=True)  # of the one killed before
    process = _start(small, scratch, case, output, bug)
    _begun(process, output)
    time.sleep(seconds)
    process.kill()
    process.communicate(timeout=SECONDS)
    return process.returncode < 0


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
    rows = [[r.case.name, *map(str, (r.kills, r.resumed, len(r.problems)))] for r in results]
    total = [sum(int(row[column]) for row in rows) for column in range(1, 4)]
    rows.append(["all", *map(str, total)])
    print(table(("case", "kills", "left a journal", "problems"), rows), flush=True)
    for result in results:
        for problem in result.problems:
            print(f"  {result.case.name}: {problem}")
    return not any(result.problems for result in results)
