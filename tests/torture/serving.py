"""A real server under load while its workers are killed, its model is swapped, and it is ended."""

import os
import signal
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from pipeline.artifacts.store import PREVIOUS, use_artifact
from pipeline.handlers.loading import load_current, load_folder
from pipeline.workflows.sealing import serialize
from tests.support.load import Expected, Load
from tests.support.served import Served, served
from tests.torture.small import Small
from tests.torture.tally import table

TEXTS = [f"{text} {n}" for n in range(25) for text in ("재밌다", "지루한 영화", "굿", "돈 아까움")]
CLIENTS = 4
LARGEST_WAIT = 5.0
"""Seconds within which a new artifact must answer."""


@dataclass
class Outcome:
    """What clients saw: statuses, failures that are not allowed, and figures worth telling."""

    name: str
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, load: Load, breaks_allowed: int = 0) -> None:
        """Take in what a load has seen, `breaks_allowed` of which may be broken connections."""
        self.counts += load.counts
        wrong = [p for p in load.problems if p.startswith("mixed up") or p == "a client hangs"]
        broken = [problem for problem in load.problems if problem not in wrong]
        self.problems += wrong + broken[breaks_allowed:]
        bad = set(load.counts) - {"200", "503", "504", "refused", "broken"}
        self.problems += [f"status {status}" for status in bad]

    def row(self) -> list[str]:
        """Its cells, beginning with the name."""
        statuses = ", ".join(f"{name}: {n:,}" for name, n in sorted(self.counts.items()))
        told = ", ".join(f"{name} {value:,.2f}" for name, value in self.figures.items())
        return [self.name, f"{self.done:,}", statuses, told, f"{len(self.problems):,}"]


HEAD = ("what", "done", "answers", "figures", "problems")


def report_outcomes(outcomes: Iterable[Outcome]) -> bool:
    """Print each as it ends, so that an hour of work is not lost with the last; are all clean?"""
    is_clean = True
    for outcome in outcomes:
        print(table(HEAD, [outcome.row()]), flush=True)
        for problem in outcome.problems[:10]:
            print(f"  {outcome.name}: {problem}")
        is_clean &= not outcome.problems
    return is_clean


def seal_both(small: Small) -> Expected:
    """Have both runs sealed; what each model answers."""
    expected = {}
    serialize(small.root, small.newer, small.root)
    for _ in range(2):
        handler = load_current(small.root, "fast")
        answers = handler.handle(TEXTS)
        expected[handler.name] = {answer.text: answer._asdict() for answer in answers}
        use_artifact(small.root, PREVIOUS, load_folder)
    return expected


def kill_workers(small: Small, times: int) -> Outcome:
    """SIGKILL a worker again and again; only what it had under way may break."""
    outcome, waits = Outcome("worker kills"), []
    expected = seal_both(small)
    with served(small.root, "--workers", "2") as server:
        with Load(server.port, expected, CLIENTS, reconnect=True).running() as load:
            for _ in range(times):
                victim = server.workers()[outcome.done % 2]
                os.kill(victim, signal.SIGKILL)
                waits.append(_wait_for_successor(server, victim))
                outcome.done += 1
                time.sleep(0.2)
        # A worker holds at most what its clients have sent: one request each.
        outcome.add(load, breaks_allowed=CLIENTS * times)
    outcome.figures = {"broken a kill": load.counts["broken"] / times, "replaced in s": max(waits)}
    if max(waits) > 2:
        outcome.problems.append(f"a worker was replaced after {max(waits):.1f} s only")
    return outcome


def _wait_for_successor(server: Served, victim: int) -> float:
    started = time.monotonic()
    while len(set(server.workers()) - {victim}) < 2 and time.monotonic() - started < 10:
        time.sleep(0.01)
    return time.monotonic() - started


def swap_models(small: Small, times: int) -> Outcome:
    """Make the other artifact current again and again; no request fails, each has one model."""
    outcome, waits = Outcome("swaps"), []
    expected = seal_both(small)
    with served(small.root, "--workers", "2") as server:
        with Load(server.port, expected, CLIENTS).running() as load:
            for _ in range(times):
                folder = use_artifact(small.root, PREVIOUS, load_folder)
                waits.append(_wait_for_model(server, folder.name[:12]))
                outcome.done += 1
        outcome.add(load)
    outcome.figures = {"taken over in s": max(waits)}
    if max(waits) > LARGEST_WAIT or len(load.models) < 2:
        outcome.problems.append(f"a swap took {max(waits):.1f} s")
    return outcome


def _wait_for_model(server: Served, digest: str) -> float:
    """Until both workers answer with this artifact; seconds."""
    started = time.monotonic()
    line = f'sentiment_model_info{{digest="{digest}",slot="fast"}} 2.0'
    while line not in _metrics(server) and time.monotonic() - started < 2 * LARGEST_WAIT:
        time.sleep(0.02)
    return time.monotonic() - started


def _metrics(server: Served) -> str:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as response:
        return str(response.read(), "utf-8")


def end_servers(small: Small, times: int, drain: float = 0.0) -> Outcome:
    """SIGTERM under load; what was sent is answered, and the server ends with 0."""
    outcome = Outcome(f"SIGTERMs, drained {drain:g} s")
    expected = seal_both(small)
    for number in range(times):
        with served(small.root, "--workers", "2", "--drain", str(drain)) as server:
            load = Load(server.port, expected, CLIENTS, reconnect=number % 2 == 1, ends=True)
            with load.running():
                time.sleep(0.3)
                server.process.terminate()
                code = server.process.wait(40)
        outcome.done += 1
        outcome.add(load)
        if code:
            outcome.problems.append(f"exit code {code}")
    return outcome


def bear_slow_clients(small: Small, clients: int, seconds: float) -> Outcome:
    """Good clients' times without and with so many connections that send a byte now and then."""
    outcome = Outcome("slow clients", done=clients)
    expected = seal_both(small)
    with served(small.root, "--workers", "2") as server:
        without = _load_for(server, expected, seconds, outcome)
        with _slow(server.port, clients):
            under = _load_for(server, expected, seconds, outcome)
    outcome.figures = {"p99 ms without": without * 1000, "p99 ms with": under * 1000}
    outcome.figures["ratio"] = under / without
    return outcome


def _load_for(server: Served, expected: Expected, seconds: float, outcome: Outcome) -> float:
    """The 99th percentile in seconds."""
    with Load(server.port, expected, CLIENTS, reconnect=True).running() as load:
        time.sleep(seconds)
    outcome.add(load)
    return float(np.percentile(load.seconds, 99))


@contextmanager
def _slow(port: int, count: int) -> Iterator[None]:
    """Connections of which each is stuck at another place of its request."""
    request = b'POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"text": "'
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    try:
        for number, client in enumerate(opened):
            client.sendall(request[: number % len(request)])
        yield
    finally:
        for client in opened:
            client.close()
