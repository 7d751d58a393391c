"""Commands on a store, each in a process of its own, forked where all modules are loaded."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cli.main import main
from pipeline.artifacts import store
from pipeline.artifacts.locking import locked
from pipeline.artifacts.pointer import make_current

MODULES = (
    "tests.torture.store_commands",
    "cli.artifacts",
    "cli.predict",
    "cli.serialize",
    "pipeline.batch.scoring",
    "pipeline.workflows.sealing",
)


@dataclass
class Command:
    """`sentiment` with these arguments; `target`: the artifact that it is to make current."""

    arguments: tuple[str, ...]
    target: str | None = None
    starts_at: float = 0.0
    is_killed_at: float | None = None
    code: int | None = None
    output: str = ""
    process: multiprocessing.process.BaseProcess | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The word that says what it does."""
        return self.arguments[1] if self.arguments[0] == "artifacts" else self.arguments[0]

    @property
    def was_killed(self) -> bool:
        """Whether the signal was quicker than its end."""
        return self.code is not None and self.code < 0


def run_together(commands: list[Command], scratch: Path, bug: str = "") -> None:
    """Run them beside one another, kill those that are to be, wait for the end of all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *MODULES])
    steps: list[tuple[float, Callable[[], object]]] = []
    for number, command in enumerate(commands):
        output = scratch / f"output-{number}"
        process = context.Process(target=_run, args=(command.arguments, output, bug))
        command.process = process
        steps.append((command.starts_at, process.start))
        if command.is_killed_at is not None:
            steps.append((command.is_killed_at, process.kill))
    began = time.monotonic()
    for at, step in sorted(steps, key=lambda item: item[0]):
        time.sleep(max(0.0, began + at - time.monotonic()))
        step()
    for number, command in enumerate(commands):
        assert command.process is not None
        command.process.join(60)
        command.code, output = command.process.exitcode, scratch / f"output-{number}"
        command.output = output.read_text() if output.exists() else ""
        output.unlink(missing_ok=True)


def _run(arguments: tuple[str, ...], output: Path, bug: str) -> None:
    descriptor = os.open(output, os.O_CREAT | os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    BUGS[bug]()
    main(list(arguments))


def use_unlocked(root: Path, digest: str, check: store.Check, slot: str | None = None) -> Path:
    """As `store.use_artifact`, but for the lock, which is taken after the check only."""
    slots = [path for path in store.slots_in(root) if slot in (None, path.name)]
    folder = store._find(root, slots, digest)
    check(folder)
    with locked(folder.parent):
        make_current(folder.parent, folder.name)
    return folder


def make_unlocked(root: Path, digest: str, check: store.Check, slot: str | None = None) -> Path:
    """As `store.use_artifact`, but without a lock: of two changes at once, one is lost."""
    slots = [path for path in store.slots_in(root) if slot in (None, path.name)]
    folder = store._find(root, slots, digest)
    check(folder)
    make_current(folder.parent, folder.name)
    return folder


def _plant(use: Callable[..., Path]) -> Callable[[], None]:
    return lambda: setattr(sys.modules[store.__name__], "use_artifact", use)


BUGS: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "check outside the lock": _plant(use_unlocked),
    "no lock": _plant(make_unlocked),
}
