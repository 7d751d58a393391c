"""Requests per second over HTTP: `sentiment serve`, LitServe, BentoML, MLServer with one model.

All serve this repository's fast model from two worker processes, on cores that they share with the
load generator; ours a second time with an API key. An empty route of Flask on our server, logged
and counted like the others, shows the least that a request can cost. Each peer gets an environment
of its own, made by this script.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

from common import Corpus, machine, print_table, read_corpus, trained
from load import Figures, drive, generator, parse_loads
from servers import EMPTY, KEYED, OURS, SERVERS, TEXT, Server, install, memory, running
from timing import in_turn

LOADS = {"1": (1, 1), "16": (16, 1), "64": (64, 1), "16, 32 texts": (16, 32)}
"""Connections and texts a request."""
COMPARED = ("16", "16, 32 texts")

Round = dict[str, Figures]


def main() -> None:
    """Drive each server in turn, another one first each round; print a table a load and ratios."""
    options = parse_loads(__doc__, seconds=4.0)
    corpus = read_corpus(options.quick)
    chosen = [s for s in SERVERS if not options.quick or not s.packages]
    print((__doc__ or "").splitlines()[0])
    print(f"{machine()}, driven by {generator()}")
    if options.quick:
        print("--quick: without the peers, for a moment each; the figures mean nothing.")
    print(flush=True)
    binaries = {server.name: install(server, options.models) for server in chosen}
    rounds, weights = _measure(chosen, binaries, corpus, options)
    for load in LOADS:
        _print_load(load, rounds)
    print_table(["side", "memory"], [[name, f"{mb:,.0f} MB"] for name, mb in weights.items()])
    _print_ratios(rounds)


def _measure(
    chosen: list[Server], binaries: dict[str, Path], corpus: Corpus, options: argparse.Namespace
) -> tuple[dict[str, list[Round]], dict[str, float]]:
    """Figures by side and round, and each side's memory after the last load."""
    rounds: dict[str, list[Round]] = {server.name: [] for server in chosen}
    weights = {}
    with trained(corpus) as ours:
        for number in range(options.rounds):
            for server in in_turn(chosen, number):
                with running(server, binaries[server.name], ours.root) as (url, pid):
                    drive(url, server.body([TEXT]), 8, 1.0, server.headers)  # warm-up
                    rounds[server.name].append(
                        {
                            name: drive(
                                url,
                                server.body([TEXT] * size),
                                connections,
                                options.seconds,
                                server.headers,
                            )
                            for name, (connections, size) in LOADS.items()
                        }
                    )
                    weights[server.name] = memory(pid)
                print(server.name, rounds[server.name][-1], file=sys.stderr, flush=True)
    return rounds, weights


def _print_load(load: str, rounds: dict[str, list[Round]]) -> None:
    header = [f"{load} connections", "requests/s", "p50", "p99", "errors", "ours ÷ theirs"]
    rows = []
    for name, figures in rounds.items():
        of_load = [one[load] for one in figures]
        ratio = _ratio(rounds, name, lambda f: f.per_second, load)
        rows.append(
            [
                name,
                f"{median(f.per_second for f in of_load):,.0f}",
                f"{median(f.p50 for f in of_load):.1f} ms",
                f"{median(f.p99 for f in of_load):.1f} ms",
                str(sum(f.errors for f in of_load)),
                f"{ratio:.2f}×",
            ]
        )
    print_table(header, rows)


def _ratio(rounds: dict[str, list[Round]], name: str, value: object, load: str) -> float:
    """Median over the rounds of ours ÷ theirs."""
    pairs = zip(rounds[OURS], rounds[name], strict=True)
    return median(value(ours[load]) / value(theirs[load]) for ours, theirs in pairs)  # type: ignore[operator]


def _print_ratios(rounds: dict[str, list[Round]]) -> None:
    """The figures that the goals are about: 16 connections, one text and 32 texts a request."""
    empty = _ratio(rounds, EMPTY, lambda f: f.per_second, COMPARED[0])
    print(f"Ours ÷ the empty route: {empty:.2f}")
    keyed = _ratio(rounds, KEYED, lambda f: f.per_second, COMPARED[0])
    print(f"Ours ÷ ours with an API key: {keyed:.2f}")
    peers = [name for name in rounds if name not in (OURS, KEYED, EMPTY)]
    for load in COMPARED if peers else ():
        speed = min(_ratio(rounds, name, lambda f: f.per_second, load) for name in peers)
        wait = max(_ratio(rounds, name, lambda f: f.p99, load) for name in peers)
        print(f"{load}: requests/s, ours ÷ the best peer's: {speed:.2f}")
        print(f"{load}: p99, ours ÷ the best peer's: {wait:.2f}")


if __name__ == "__main__":
    main()
