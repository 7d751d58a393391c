"""Hand-made hostile pickles, loaded in a child process, and a canary that must not appear."""

import json
import sys
from functools import partial
from pathlib import Path

from tests.torture.hostile_pickles import hostile_pickles
from tests.torture.mutants import use
from tests.torture.planted import LOADERS
from tests.torture.tally import Tally
from tests.torture.watching import Watch, confine, hand_over, in_child

SETTINGS = {"features": {"bits": [7]}}


def load_hostile(scratch: Path, loader: str = "product") -> Tally:
    """Load each; all must be refused."""
    total = Tally("hostile pickles")
    total.add(in_child("tests.torture.hostile", scratch, loader))
    return total


def main(scratch: Path, loader: str) -> None:
    """Child process: load each, and look for the canary after each."""
    canary = scratch / "canary"
    tally, watch = Tally("hostile pickles"), Watch()
    pickles = hostile_pickles(canary)
    confine()
    for name, content in pickles.items():
        print(name, flush=True)
        with watch.on():
            tally.attempt(name, partial(use, LOADERS[loader], content, SETTINGS))
        if canary.exists() or watch.events:
            tally.executions += 1
            tally.problems.append(f"{name}: ran {json.dumps(watch.events[:2])}")
            canary.unlink(missing_ok=True)
            watch.events.clear()
    hand_over(tally)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
