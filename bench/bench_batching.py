"""Requests per second with and without calling the model for several requests at once.

The fast model: as `sentiment serve` does it (requests that are ready at the same moment share a
call), each request by itself, and micro-batched like the deep model (requests wait for one another
in a queue). The deep model, where the folder SENTIMENT_ARTIFACTS has one: micro-batched, as it is
served, and one text at a time. Last: how long it takes to refuse a request when the server is
overloaded. Each server has one worker.
"""

import argparse
import http.client
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from common import machine, print_table, read_corpus, trained
from load import Figures, drive, generator, parse_loads
from servers import OURS, TEXT, Server, running
from timing import in_turn

_APP = """
import os, sys
from pathlib import Path
from cli.serve import limit_threads
limit_threads()
from pipeline.server.current_models import StoredModels
from pipeline.server.running import serve
from pipeline.server.settings import ServerSettings
models = StoredModels(Path(os.environ["SENTIMENT_ARTIFACTS"]), slots=[sys.argv[2]])
serve(models, ServerSettings(port=int(sys.argv[1]), **settings))
"""
FAST = {OURS: {}, "each by itself": {"gathers": False}, "micro-batched": {"batched": ["fast"]}}
DEEP = {OURS: {}, "one text at a time": {"batch_size": 1}}
CONNECTIONS = (1, 4, 16)
"""No more than a worker lets wait for a batch: answers of 503 would count as quick ones."""
HELD = 8
REFUSALS = 200
TRIES = 5


def main() -> None:
    """Drive all variants of a slot in turns; print a table a slot, and the times of refusals."""
    options = parse_loads(__doc__, seconds=3.0)
    corpus = read_corpus(options.quick)
    print((__doc__ or "").splitlines()[0])
    print(f"{machine()}, driven by {generator()}\n", flush=True)
    with trained(corpus) as ours:
        _compare("fast", FAST, ours.root, options)
        if (ours.root / "deep").is_dir():
            _compare("deep", DEEP, ours.root, options)
        p50, p99 = np.percentile(refusals(ours.root), [50, 99]) * 1000
    print(f"A 503 while {HELD} requests are held: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


@contextmanager
def _variant(slot: str, settings: dict[str, object], root: Path) -> Iterator[tuple[str, Server]]:
    """A server with one model and these settings: (URL, how to ask it)."""
    command = ("{python}", "-c", f"settings = {settings!r}\n{_APP}", "{port}", slot)
    server = Server(f"{slot} {settings}", (), command, body=lambda texts: _body(slot, texts))
    with running(server, Path(sys.executable).parent, root) as (url, _):
        yield url, server


def _body(slot: str, texts: list[str]) -> dict[str, object]:
    return {"text": texts[0] if len(texts) == 1 else texts, "do_fast": slot == "fast"}


def _compare(
    slot: str, variants: dict[str, dict[str, object]], root: Path, options: argparse.Namespace
) -> None:
    rounds: dict[str, list[list[Figures]]] = {name: [] for name in variants}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(_variant(slot, settings, root))
            for name, settings in variants.items()
        }
        names = list(variants)
        for number in range(options.rounds):
            for name in in_turn(names, number):
                url, server = servers[name]
                body = server.body([TEXT])
                drive(url, body, 8, 1.0)  # warm-up
                rounds[name].append([drive(url, body, n, options.seconds) for n in CONNECTIONS])
    header = [f"{slot} model", *(f"{n} connections" for n in CONNECTIONS), "÷ by itself", "p99"]
    print_table(header, [_row(name, rounds, names[1]) for name in names])


def _row(name: str, rounds: dict[str, list[list[Figures]]], base: str) -> list[str]:
    """Requests/s at each number of connections; at the most, its ratio to the base and its p99."""
    speeds = [median(turns) for turns in zip(*_speeds(rounds[name]), strict=True)]
    pairs = zip(rounds[name], rounds[base], strict=True)
    ratio = median(own[-1].per_second / other[-1].per_second for own, other in pairs)
    p99 = median(one[-1].p99 for one in rounds[name])
    return [name, *(f"{speed:,.0f}" for speed in speeds), f"{ratio:.2f}×", f"{p99:.1f} ms"]


def _speeds(rounds: list[list[Figures]]) -> list[list[float]]:
    return [[figures.per_second for figures in one] for one in rounds]


def refusals(root: Path) -> list[float]:
    """Seconds until a 503 has come; on a full machine those who hold may come too late for it."""
    for _ in range(TRIES):
        if seconds := _refusals(root):
            return seconds
    raise RuntimeError("no request was refused")


def _refusals(root: Path) -> list[float]:
    """Seconds until a 503 has come, while others hold all that a worker takes at once."""
    settings = {"most_in_flight": HELD, "batched": ["fast"], "batch_wait": 3.0, "batch_size": 256}
    with _variant("fast", settings, root) as (url, server):
        host = url.removeprefix("http://").partition("/")[0]
        body = json.dumps(server.body([TEXT])).encode()
        held = [threading.Thread(target=_ask, args=(host, body)) for _ in range(HELD)]
        for thread in held:
            thread.start()
        time.sleep(0.5)
        connection = http.client.HTTPConnection(host, timeout=30)
        seconds = []
        while len(seconds) < REFUSALS and held[0].is_alive():
            started = time.perf_counter()
            connection.request("POST", "/predict", body)
            response = connection.getresponse()
            response.read()
            if response.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                seconds.append(time.perf_counter() - started)
        connection.close()
        for thread in held:
            thread.join()
    return seconds


def _ask(host: str, body: bytes) -> None:
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("POST", "/predict", body)
    connection.getresponse().read()
    connection.close()


if __name__ == "__main__":
    main()
