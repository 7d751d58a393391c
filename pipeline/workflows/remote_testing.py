"""All that is tried of a server once it is deployed: golden answers, contract, a short load."""

import http
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts.bucket.address import BucketAddress
from pipeline.artifacts.verification import ANY, Trust
from pipeline.errors import ResourceUnavailable
from pipeline.workflows.asking import TIMEOUT_SECONDS, Server, Timed, body_of
from pipeline.workflows.contract import TEXTS, Check, check_contract, check_key
from pipeline.workflows.replaying import Replay, replay_golden

CLIENTS = 4
LOAD_SECONDS = 3.0
MOST_REQUESTS = 1_000
"""Of all clients together: a fast server is done before the time is over."""
_BUSY = {http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True)
class Load(Timed):
    """Requests of one text, asked by CLIENTS at once; `seconds` are those of each answered one.

    `busy`: refused with 429 or 503, as a server may. `failed`: any other status.
    """

    seconds: list[float]
    busy: int
    failed: int
    took: float


@dataclass(frozen=True)
class RemoteTest:
    """What was found of a server."""

    url: str
    replays: list[Replay]
    checks: list[Check]
    load: Load

    def good(self) -> bool:
        """Whether all was as it should be."""
        return not self.problems() and not any(replay.differences for replay in self.replays)

    def problems(self) -> list[str]:
        """What is wrong beside the golden answers; each says where."""
        broken = [f"{check.name}: {check.problem}" for check in self.checks if check.problem]
        failed = [f"short load: {self.load.failed} requests failed"] if self.load.failed else []
        silent = [] if self.load.seconds else ["short load: no request was answered"]
        return [*broken, *failed, *silent]


def remote_test(
    url: str,
    store: Path | BucketAddress,
    trust: Trust = ANY,
    key: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> RemoteTest:
    """Try all of a server whose artifacts are in `store`; raises as replay_golden."""
    replays = replay_golden(url, store, trust=trust, key=key, timeout=timeout)
    slots = [replay.model.partition("@")[0] for replay in replays]
    with closing(Server(url, key, timeout)) as server:
        checks = list(check_contract(server, slots))
    if key is not None:
        with closing(Server(url, None, timeout)) as stranger:
            checks.append(check_key(stranger))
    return RemoteTest(url, replays, checks, short_load(url, key, timeout, "fast" in slots))


def short_load(url: str, key: str | None, timeout: float, do_fast: bool) -> Load:
    """Ask CLIENTS at once for LOAD_SECONDS, MOST_REQUESTS at most."""
    started = time.perf_counter()
    end = started + LOAD_SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = list(pool.map(lambda _: _client(url, key, timeout, do_fast, end), range(CLIENTS)))
    took = time.perf_counter() - started
    answers = [answer for client in asked for answer in client]
    return Load(
        [seconds for status, seconds in answers if status == http.HTTPStatus.OK],
        sum(status in _BUSY for status, _ in answers),
        sum(status not in {http.HTTPStatus.OK, *_BUSY} for status, _ in answers),
        took,
    )


def _client(
    url: str, key: str | None, timeout: float, do_fast: bool, end: float
) -> list[tuple[int, float]]:
    """Status and seconds of each request of one client."""
    answers: list[tuple[int, float]] = []
    body = body_of(TEXTS[0], do_fast)
    with closing(Server(url, key, timeout)) as server:
        while time.perf_counter() < end and len(answers) < MOST_REQUESTS // CLIENTS:
            started = time.perf_counter()
            try:
                status, _, _ = server.ask("POST", "/predict", body)
            except ResourceUnavailable:
                status = 0
            answers.append((status, time.perf_counter() - started))
    return answers
