"""A real server among clients that mean it ill, or on ground that gives way, while others ask."""

import contextlib
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.hostile_clients import (
    BODY,
    GET,
    LARGE_PAGE,
    LARGEST_WORKER,
    POST,
    connect,
    crowd,
    replaces_a_worker,
    reset,
    resident,
    rest_of,
)
from tests.support.load import Load
from tests.support.paths import SENTIMENT
from tests.support.served import Served, served
from tests.support.waiting import wait_until
from tests.torture.serving import CLIENTS, Outcome, seal_both
from tests.torture.small import Small

REQUESTS = (
    GET % b"/healthz",
    LARGE_PAGE,
    POST % (len(BODY), BODY),
    POST % (300_000, BODY.ljust(300_000)),
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
)


@contextmanager
def beside_others(small: Small, outcome: Outcome, *options: str) -> Iterator[Served]:
    """A server of two workers that others ask meanwhile; none of them may fail, no worker end."""
    expected = seal_both(small)
    with served(small.root, "--workers", "2", "--no-request-log", *options) as server:
        wait_until(lambda: len(server.workers()) == 2)
        before = server.workers()
        with Load(server.port, expected, CLIENTS).running() as load:
            yield server
            seen = load.counts["200"]
            wait_until(lambda: load.counts["200"] > seen + CLIENTS)
        outcome.add(load)
        if server.workers() != before:
            outcome.problems.append("a worker ended")
        outcome.figures["others' longest ms"] = 1000 * max(load.seconds)


def reset_connections(small: Small, count: int, seed: int = 0) -> Outcome:
    """Connections that are reset after any byte of a request, or amid its answer."""
    outcome, chance = Outcome("resets", done=count), random.Random(seed)
    with beside_others(small, outcome) as server:
        for _ in range(count):
            request = chance.choice(REQUESTS) * chance.randint(1, 3)
            client = connect(server.port)
            client.sendall(request[: chance.randint(0, len(request))])
            if chance.random() < 0.3:
                client.settimeout(0.01)
                with contextlib.suppress(OSError):
                    client.recv(chance.randint(1, 100_000))
            reset(client)
        outcome.figures["MB of a worker"] = resident(server)
    return outcome


def ask_ahead(small: Small, connections: int) -> Outcome:
    """Hundreds of requests at once on a connection, of a server that takes in one at a time."""
    outcome = Outcome("requests ahead", done=connections)
    large = BODY.ljust(20_000)  # needs a thread
    request = POST % (len(large), large)
    with beside_others(small, outcome, "--in-flight", "1") as server:
        for number in range(connections):
            with connect(server.port) as client:
                client.sendall(request * (90 if number % 2 else 250))
                client.shutdown(1)
                answers = rest_of(client)
            if not answers.startswith(b"HTTP/1.1 ") or not answers.rstrip().endswith(b"}"):
                outcome.problems.append(f"answers ended with {answers[-40:]!r}")
    return outcome


def leave_idle(small: Small, connections: int, seconds: float) -> Outcome:
    """Thousands of connections that send nothing, or half a head."""
    outcome = Outcome("idle connections", done=2 * connections)
    for sent in (b"", REQUESTS[2][:30]):
        with beside_others(small, outcome, "--in-flight", "256") as server:
            with crowd(server.port, connections, sent):
                time.sleep(seconds)
            outcome.figures["MB of a worker"] = resident(server)
    # Those who have waited longest go when there are too many: others may be among them.
    outcome.problems = [one for one in outcome.problems if "ConnectionReset" not in one]
    return outcome


def read_no_answers(small: Small, connections: int, seconds: float) -> Outcome:
    """Clients that ask for large answers again and again and read none."""
    outcome, largest = Outcome("unread answers", done=connections), 0.0
    with (
        beside_others(small, outcome, "--in-flight", "1024") as server,
        crowd(server.port, connections, LARGE_PAGE * 60),
    ):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            largest = max(largest, resident(server))
            time.sleep(0.1)
    outcome.figures["MB of a worker"] = largest
    if largest > LARGEST_WORKER:
        outcome.problems.append(f"a worker took {largest:.0f} MB")
    return outcome


GROUNDS = {
    "a full log": "exec 2>/dev/full;",
    "a closed log": "exec 2>&-;",
    "a log that nobody reads": "exec 2>{pipe};",
    "a full /dev/shm": "mount -t tmpfs -o size=4k,nr_inodes=1 tmpfs /dev/shm;",
}
"""What a server is to do without, and how a shell takes it away."""


def take_ground_away(small: Small, scratch: Path, name: str) -> Outcome:
    """Without it, it starts, serves, replaces a worker, and ends with 0."""
    outcome = Outcome(name)
    pipe = scratch / "pipe"
    if not pipe.exists():
        os.mkfifo(pipe)
    unread = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    script = f'{GROUNDS[name].format(pipe=pipe)} exec "$0" "$@"'
    expected = seal_both(small)
    command = ("unshare", "-m", "sh", "-c", script, SENTIMENT)
    try:
        with served(small.root, "--workers", "2", command=command) as server:
            wait_until(lambda: len(server.workers()) == 2)
            with contextlib.suppress(BlockingIOError):
                while name == "a log that nobody reads":
                    os.write(unread, b"x")
            with Load(server.port, expected, CLIENTS, reconnect=True).running() as load:
                wait_until(lambda: load.counts["200"] > 100)
                replaces_a_worker(server)
                seen = load.counts["200"]
                wait_until(lambda: load.counts["200"] > seen + 100)
            server.process.terminate()
            if code := server.process.wait(40):
                outcome.problems.append(f"exit code {code}")
        outcome.done = 1
        outcome.add(load, breaks_allowed=CLIENTS)
    except AssertionError as error:
        outcome.problems.append(str(error)[:200])
    finally:
        os.close(unread)
    return outcome
