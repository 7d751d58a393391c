"""Hostile hubs against `sentiment pull`, each in a process of its own with little memory and time.

Around it lie a user's files, which must stay as they are; nothing may appear beside them.
"""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.hostile_hub import MODES, HostileHub, hostile
from tests.support.local_hub import Hub
from tests.support.paths import ROOT, SENTIMENT
from tests.torture.watching import limit_memory

PRODUCT = (SENTIMENT,)
PLANTED = (sys.executable, "-m", "tests.torture.planted_hub")
NAME = "owner/tiny"
WRITING = "file: an absolute ETag that is new"
TOKEN = "hf_of_the_user"  # noqa: S105

SECONDS = 30.0
ADDRESS_SPACE = 768 * 2**20
"""Bytes that a pull may map; it ends before it loads torch, which maps more."""
LARGEST_FILE = 2**26
REFUSED, WORKED = (4, 5), 3
"""Exit codes. What the hub gave was taken if the pull goes on to refuse LABELS."""
LABELS = "first,second"


@dataclass(frozen=True)
class Surroundings:
    """Folders of one pull: its own ones, and a user's, whose file `kept` a hub aims at."""

    folder: Path

    @property
    def victim(self) -> Path:
        return self.folder / "victim" / "kept"

    def prepare(self) -> None:
        for name in ("home", "root", "temporary", "victim"):
            (self.folder / name).mkdir(parents=True)
        self.victim.write_text("A file of the user's.", encoding="utf-8")
        (self.folder / "root" / "notes.txt").write_text("Another one.", encoding="utf-8")

    def environment(self, hub: Hub) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.folder / "home"),
            "HF_HOME": str(self.folder / "home" / "hf"),
            "TMPDIR": str(self.folder / "temporary"),
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
        }

    def state(self) -> dict[str, str]:
        """What lies around the home, by path; links are not followed."""
        paths = [
            path for path in self.folder.rglob("*") if self.folder / "home" not in path.parents
        ]
        return {str(path.relative_to(self.folder)): _digest(path) for path in sorted(paths)}

    def escaped(self) -> list[str]:
        """Links in the cache that lead out of it."""
        cache = (self.folder / "home").resolve()
        links = [path for path in cache.rglob("*") if path.is_symlink()]
        return [str(link) for link in links if not link.resolve().is_relative_to(cache)]


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"a link to {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"


@dataclass
class Outcome:
    """How one pull ended, and what it must not have done."""

    name: str
    code: int
    seconds: float
    stderr: str
    problems: list[str] = field(default_factory=list)


def attack_all(
    model: Path, scratch: Path, names: Iterable[str] = MODES, command: Sequence[str] = PRODUCT
) -> Iterator[Outcome]:
    """Pull from a hub in each mode. `model`: folder of the model that it has."""
    for number, name in enumerate(names):
        around = Surroundings(scratch / str(number))
        around.prepare()
        with hostile(model, MODES[name], around.victim) as (hub, other):
            yield _attack(name, around, hub, other, command)


def finds_planted(model: Path, scratch: Path) -> bool:
    """Whether a client that names files by ETags is seen to write a file of the user's."""
    outcomes = attack_all(model, scratch, [WRITING], PLANTED)
    return any("victim/kept.new: was" in problem for o in outcomes for problem in o.problems)


def _attack(
    name: str, around: Surroundings, hub: HostileHub, other: Hub, command: Sequence[str]
) -> Outcome:
    before = around.state()
    arguments = ["pull", NAME, "--labels", LABELS, "--artifacts", str(around.folder / "root")]
    outcome = _run(name, [*command, *arguments], around.environment(hub))
    outcome.problems += _wrong_end(outcome, may_work=hub.mode.may_work)
    outcome.problems += _changes(before, around.state())
    outcome.problems += [f"a link out of the cache: {link}" for link in around.escaped()]
    if any(other.tokens):
        outcome.problems.append("the token was sent to another host")
    return outcome


def _run(name: str, command: list[str], environment: dict[str, str]) -> Outcome:
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=_confine,
        start_new_session=True,
    )
    timer = threading.Timer(SECONDS, lambda: _end(process))
    timer.start()
    _, stderr = process.communicate()
    timer.cancel()
    seconds = time.monotonic() - started
    return Outcome(name, process.returncode, seconds, stderr.decode("utf-8", "replace"))


def _confine() -> None:
    limit_memory(ADDRESS_SPACE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _wrong_end(outcome: Outcome, *, may_work: bool) -> Iterator[str]:
    if outcome.code not in ((*REFUSED, WORKED) if may_work else REFUSED):
        yield f"ended with {outcome.code}: {outcome.stderr.strip()[-200:]}"
    if outcome.seconds >= SECONDS:
        yield f"took {SECONDS:g} s"
    errors = [line for line in outcome.stderr.splitlines() if line]
    if len(errors) != 1 or not errors[0].startswith("Error: "):
        yield f"not one line: {outcome.stderr[-300:]!r}"
    if not outcome.stderr.replace("\n", "").isprintable():
        yield f"control characters: {outcome.stderr[-300:]!r}"


def _changes(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield f"{path}: was {before.get(path, 'not there')}, is {after.get(path, 'gone')}"


def report_hubs(outcomes: Iterable[Outcome]) -> bool:
    """Print each problem as it is found, and counts; return whether there was none."""
    ends: Counter[int] = Counter()
    slowest, problems = 0.0, 0
    for outcome in outcomes:
        ends[outcome.code] += 1
        slowest, problems = max(slowest, outcome.seconds), problems + len(outcome.problems)
        for problem in outcome.problems:
            print(f"  {outcome.name}: {problem}", flush=True)
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(ends.items()))
    print(f"{ends.total()} hubs; exit codes {codes}; {slowest:.1f} s at most; {problems} problems")
    return not problems
