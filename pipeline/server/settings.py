"""Settings of the server: limits, times and sizes, with their defaults."""

from dataclasses import dataclass
from pathlib import Path

FAST, DEEP = "fast", "deep"


@dataclass(frozen=True)
class ServerSettings:
    """Settings of one server; times in seconds.

    `threads`: requests that a worker has under way at once. `most_in_flight`: complete requests
    that a worker holds, in a thread or waiting for one, before it answers 503. `seconds_fast` and
    `seconds_deep`: deadlines, counted from when a request is complete. `batch_size` and
    `batch_wait`: texts that a batch holds, and how long the first of them waits for others.
    `batch_queue`: texts waiting for a model before it answers 503. `batched`: slots whose texts go
    in batches, `batches_at_once` of them. `drain`: how long
    to continue accepting after SIGTERM, with /readyz at 503. `keys`: API keys, one of which a
    request must bring; if there are none, it need not. `rate`: requests a second of one client, 0
    for no limit. `proxies`: how many proxies in front are trusted to name the client's address.
    `readable_log`: whether the log is for people, not for programs.
    `gathers`: whether requests that are ready at once go through the fast model together.
    `max_body`: bytes of a request's body. `max_texts`: texts of a request. `allow_hosts`: names,
    beside `host` and those of the loopback, by which the server may be called. `cors_origins`:
    sites whose pages may ask. `*` in either stands for all.
    `capture`: the folder for a sample of the texts, if there is to be one; `capture_share` of all
    texts, in `capture_megabytes` at most.
    `sagemaker`: whether the routes are there that Amazon SageMaker asks.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    threads: int = 32
    most_in_flight: int = 64
    seconds_fast: float = 5.0
    seconds_deep: float = 25.0
    batch_size: int = 32
    batch_wait: float = 0.002
    batch_queue: int = 2048
    batched: tuple[str, ...] = (DEEP,)
    batches_at_once: int = 1
    drain: float = 0.0
    keys: tuple[str, ...] = ()
    rate: float = 0.0
    proxies: int = 0
    log_requests: bool = True
    readable_log: bool = False
    gathers: bool = True
    max_body: int = 2**20
    max_texts: int = 1_024
    allow_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    capture: Path | None = None
    capture_share: float = 0.01
    capture_megabytes: int = 64
    sagemaker: bool = False
