"""Races of `use`, `prune`, `serialize` and `predict` over one store; some of them are killed.

After each round current.json names an artifact that loads, each process's exit code is true, and no
change of one that was told success is lost. A server that follows the store answers all the while.
"""

import json
import os
import random
import shutil
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.artifacts.pointer import CURRENT, read_current
from pipeline.artifacts.publishing import publish
from pipeline.artifacts.store import prune_artifacts
from pipeline.artifacts.verification import load_artifact
from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_current, load_folder
from pipeline.workflows.sealing import serialize
from tests.support.served import Served, served
from tests.torture.small import Small
from tests.torture.store_commands import Command, run_together
from tests.torture.tally import table

NEWEST = 8
"""Artifacts that are newer than those of the two runs, so that `prune` has something to remove."""
SECONDS = 0.06
"""Within which the commands of a round start; loading and replaying an artifact takes as long."""
KILLED = 0.2
"""Share of the commands that change the store and are killed."""


@dataclass
class Races:
    """What became of the commands of all rounds: counts by command and ending, and problems."""

    rounds: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@dataclass
class Arena:
    """A store, and a whole copy of its artifacts to fill it up from.

    `digests`: of all artifacts, the oldest first; `runs`: the run that an artifact was sealed from.
    """

    root: Path
    template: Path
    scratch: Path
    digests: list[str]
    runs: dict[str, str]

    @property
    def slot(self) -> Path:
        """The folder that is raced for."""
        return self.root / "fast"

    def fill_up(self) -> None:
        """Put back what was pruned; nobody changes the store meanwhile."""
        for digest in self.digests:
            if not (self.slot / digest).exists():
                copy = self.scratch / "copy"
                shutil.copytree(self.template / "fast" / digest, copy, copy_function=os.link)
                copy.rename(self.slot / digest)


def make_arena(small: Small, scratch: Path) -> Arena:
    """Seal both runs, and one of them once more under later dates; the last one is current."""
    template, root = scratch / "template", scratch / "store"
    runs = {serialize(small.root, run, template): run for run in (small.older, small.newer)}
    artifact = load_artifact(template / "fast" / next(iter(runs)))
    dates = [f"2030-01-{day:02}T00:00:00.000+00:00" for day in range(1, NEWEST + 1)]
    later = [replace(artifact.manifest, created_at=date) for date in dates]
    digests = [*runs, *(publish(template, one, artifact.files, load_folder) for one in later)]
    shutil.copytree(template, root, copy_function=os.link)
    shutil.copytree(small.root / "runs", root / "runs")
    return Arena(root, template, scratch, digests, runs)


def race_all(
    small: Small, scratch: Path, rounds: int, seed: int = 0, bug: str = "", is_served: bool = True
) -> Races:
    """Race so many rounds; with a bug planted, until the first problem."""
    arena, chance, races = make_arena(small, scratch), random.Random(seed), Races()
    with ExitStack() as stack:
        server = stack.enter_context(served(arena.root, "--workers", "1")) if is_served else None
        known = {read_current(arena.slot)["digest"]}
        for number in range(rounds):
            arena.fill_up()
            before = read_current(arena.slot)
            commands = _commands(arena, before["digest"], chance)
            run_together(commands, scratch, bug)
            known |= {command.target for command in commands if command.target}
            problems = [*_judge(arena, before, commands), *_ask(server, known)]
            races.problems += [f"round {number}: {problem}" for problem in problems]
            races.endings.update(f"{command.name} {_ending(command)}" for command in commands)
            races.rounds += 1
            if problems:
                if bug:
                    break
                _mend(arena)
        races.problems += _left(arena)
    return races


def _commands(arena: Arena, current: str, chance: random.Random) -> list[Command]:
    """`prune`, and changes to some old artifacts, none of them current, no two the same."""
    targets = [digest for digest in arena.digests[:5] if digest != current]
    chance.shuffle(targets)
    options = ("--artifacts", str(arena.root))
    commands = [Command(("artifacts", "prune", *options))]
    for target in targets[: chance.randint(1, 3)]:
        commands.append(Command(("artifacts", "use", target[:16], *options), target))
        if target in arena.runs and chance.random() < 0.5:
            commands[-1] = Command(("serialize", arena.runs[target], *options), target)
    for command in commands:
        command.starts_at = chance.uniform(0, SECONDS)
        if chance.random() < KILLED:
            command.is_killed_at = command.starts_at + chance.uniform(0, 2 * SECONDS)
    reader = Command(("predict", "--fast", "--text", "굿", *options))
    reader.starts_at = chance.uniform(0, SECONDS)
    return [*commands, reader]


def _judge(arena: Arena, before: dict[str, object], commands: list[Command]) -> Iterator[str]:
    try:
        load_current(arena.root, "fast")
        after = read_current(arena.slot)
    except SentimentError as error:
        yield f"what is current does not load: {error}"
        return
    changers = [command for command in commands if command.target]
    done = [command.target for command in changers if command.code == 0]
    maybe = [command.target for command in changers if command.was_killed]
    changes = after["sequence"] - int(str(before["sequence"]))
    if not len(done) <= changes <= len(done) + len(maybe):
        yield f"{len(done)} were told success, {len(maybe)} killed, {changes} changes were made"
    if after["digest"] not in [*done, *maybe, *([] if done else [before["digest"]])]:
        yield "what is current was made so by nobody"
    if changes and after["previous"] not in [*done, *maybe, before["digest"]]:
        yield "what was current before was made so by nobody"
    yield from _judge_endings(arena, commands)


def _judge_endings(arena: Arena, commands: list[Command]) -> Iterator[str]:
    """Only `use` may be refused, and only where the artifact is gone indeed."""
    for command in commands:
        is_gone = not (arena.slot / str(command.target)).exists()
        may_be_refused = command.name == "use" and is_gone and command.code == 4
        if command.code != 0 and not command.was_killed and not may_be_refused:
            yield f"{command.name} ended with {command.code}: {command.output.strip()}"
    for command in commands:
        for line in command.output.splitlines():
            digest = line.removeprefix("removed fast@")
            if digest != line and digest not in arena.runs and (arena.slot / digest).exists():
                yield "prune told of an artifact that is there"
    if not any(command.was_killed for command in commands):
        yield from _left(arena)


def _left(arena: Arena) -> list[str]:
    """What is there beside artifacts, once those who left it were killed and another one came."""
    prune_artifacts(arena.root)
    names = {path.name for path in arena.slot.iterdir()} - {*arena.digests, CURRENT, ".lock"}
    return [f"left behind: {', '.join(sorted(names))}"] if names else []


def _ask(server: Served | None, known: set[str]) -> Iterator[str]:
    """The server answers, with an artifact that is or was current."""
    if server is None:
        return
    request = urllib.request.Request(
        f"{server.url}/predict",
        json.dumps({"text": "굿", "do_fast": True}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        name = answer.headers["X-Model"].removeprefix("fast@")
    if not any(digest.startswith(name) for digest in known):
        yield f"the server answers with {name}, which was never current"


def _mend(arena: Arena) -> None:
    """Begin anew, so that a problem is told once."""
    shutil.rmtree(arena.slot)
    shutil.copytree(arena.template / "fast", arena.slot, copy_function=os.link)


def _ending(command: Command) -> str:
    if command.was_killed:
        return "killed"
    return {0: "done", 4: "refused"}.get(command.code or 0, f"code {command.code}")


def report_races(races: Races) -> bool:
    """Print how often each command ended in which way; return whether nothing is wrong."""
    names = ("use", "prune", "serialize", "predict")
    kinds = ("done", "refused", "killed")
    rows = [[name, *(f"{races.endings[f'{name} {kind}']:,}" for kind in kinds)] for name in names]
    print(f"{races.rounds} rounds, {sum(races.endings.values()):,} processes")
    print(table(("command", *kinds), rows), flush=True)
    for problem in races.problems[:10]:
        print(f"  {problem}")
    return not races.problems
