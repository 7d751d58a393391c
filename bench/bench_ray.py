"""Requests per second: one box, and the same models as replicas of Ray Serve on the same machine.

A Ray cluster of the machine's own is started for each side. Requests hold one text, from 16
connections, to the fast model; where SENTIMENT_ARTIFACTS names a folder with a deep model, to that,
too. How many replicas pay depends on the cores, which they share with the load generator. So a last
table is of replicas that wait 100 ms a call of up to 8 texts, from 64 connections: it shows how the
server's part grows.
"""

import os
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from common import artifacts, machine, print_table, read_corpus, trained
from load import Figures, drive, generator, parse_loads
from servers import PEERS, TEXT, Server, running
from timing import in_turn

CONNECTIONS = 16
WAITING = PEERS / "waiting_replicas.py"
BOX = "one box, 1 worker"


def _body(do_fast: bool, texts: list[str]) -> dict[str, object]:
    return {"text": texts[0], "do_fast": do_fast}


def _sides(slot: str) -> list[Server]:
    serve = ("{bin}/sentiment", "serve", "--only", slot, "--port", "{port}", "--no-request-log")
    body = partial(_body, slot == "fast")
    most = max(2, os.cpu_count() or 1)
    counts = [count for count in (1, 2, 4, 8) if count <= most]
    ray = (*serve, "--engine", "ray", "--replicas")
    return [
        Server(BOX, (), serve, body=body),
        Server("one box, 2 workers", (), (*serve, "--workers", "2"), body=body),
        *(Server(f"Ray, {count} replicas", (), (*ray, str(count)), body=body) for count in counts),
    ]


def _waiting() -> list[Server]:
    command = ("{python}", str(WAITING), "serve", "--only", "fast", "--port", "{port}")
    options = ("--no-request-log", "--batch-size", "8", "--engine", "ray", "--replicas")
    body = partial(_body, True)
    return [
        Server(f"{count} that wait", (), (*command, *options, str(count)), body=body)
        for count in (1, 2, 4, 8)
    ]


def main() -> None:
    """Drive each side in turn; print a table a model, with ratios to its first side."""
    options = parse_loads(__doc__, seconds=4.0)
    print((__doc__ or "").splitlines()[0])
    if find_spec("ray") is None:
        sys.exit("Needs Ray: pip install 'sentiment-toolkit[distributed]'.")
    print(f"{machine()}, driven by {generator()}\n", flush=True)
    with trained(read_corpus(options.quick)) as ours:
        _compare("fast", ours.root, options, _sides("fast"), CONNECTIONS)
        _compare("replicas", ours.root, options, _waiting(), 4 * CONNECTIONS)
    if (deep := artifacts("deep")) is not None:
        _compare("deep", deep, options, _sides("deep"), CONNECTIONS)


def _compare(title: str, root: Path, options: Any, sides: list[Server], connections: int) -> None:
    rounds: dict[str, list[Figures]] = {side.name: [] for side in sides}
    for number in range(options.rounds):
        for side in in_turn(sides, number):
            with running(side, Path(sys.executable).parent, root) as (url, _):
                ask = partial(drive, url, side.body([TEXT]), connections)
                ask(1.0, side.headers)  # warm-up
                rounds[side.name].append(ask(options.seconds, side.headers))
    first = median(figures.per_second for figures in rounds[sides[0].name])
    rows = []
    for name, found in rounds.items():
        rate = median(figures.per_second for figures in found)
        p50, p99 = (median(getattr(one, key) for one in found) for key in ("p50", "p99"))
        errors = sum(one.errors for one in found)
        rows.append(
            [
                name,
                f"{rate:,.0f}",
                f"{rate / first:.2f}",
                f"{p50:.1f} ms",
                f"{p99:.1f} ms",
                f"{errors}",
            ]
        )
    print_table([title, "requests/s", "ratio", "p50", "p99", "errors"], rows)


if __name__ == "__main__":
    main()
