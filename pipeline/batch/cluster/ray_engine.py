"""Partitions scored by a Ray cluster: a pool of actors, each with the handler that runs locally.

Ray moves paths, the artifact and counts; the rows are read and written by `score_files` where they
are scored. Ray Data would read them itself: without rejects, encodings or places of broken rows,
and resumable only with a column of unique ids.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.batch.cluster.partitions import Partition, forget, remove_receipts
from pipeline.batch.totals import Totals
from pipeline.cluster.connecting import connected
from pipeline.cluster.shipping import Files, pack, unpack
from pipeline.errors import InvalidInput, ResourceUnavailable, SentimentError
from pipeline.files.reading import Tell, ignore, look_at
from pipeline.handlers.base import Handler
from pipeline.models.hardware import CUDA, Hardware

RESTARTS = 3
"""How often an actor that dies is started anew, and its partition gone on with."""

Watch = Callable[[Partition, Totals], None]


class Worker:
    """What an actor is: a handler of the artifact with this digest, wherever it runs."""

    def __init__(self, digest: str, hardware: Hardware) -> None:
        self.digest = digest
        self.hardware = hardware
        self.handler: Handler | None = None

    def score(self, partition: Partition, files: Files) -> tuple[Partition, Totals]:
        """Score a partition, or go on with it; `files` are the artifact's."""
        if self.handler is None:
            self.handler = self.load(files)
        return partition, partition.score(self.handler)

    def load(self, files: Files) -> Handler:
        """Put the artifact on this node, verify every byte of it, and replay its golden set."""
        self.scratch = tempfile.TemporaryDirectory(prefix="sentiment-")
        os.chdir(self.scratch.name)  # where outputs with an address are made
        return unpack(files, self.digest, self.hardware)


def score_partitions(
    handler: Handler,
    partitions: Sequence[Partition],
    address: str | None = None,
    jobs: int | None = None,
    restart: bool = False,
    watch: Watch = lambda *_: None,
    tell: Tell = ignore,
) -> Totals:
    """Score all partitions on the cluster at `address`, or on one of this machine alone.

    `jobs` actors do it; None: one for each core of the cluster, or for as many as the handler has
    threads (None: one), or for each GPU where it computes on one. What is done is not done again,
    unless `restart`. `watch` is called with each partition that is done. Raises InvalidInput as
    `score_files` does; ResourceUnavailable without Ray, without a cluster, or if actors keep dying.
    """
    for partition in partitions:
        look_at(partition.job.sources, partition.job.read, tell)
    if restart:
        forget(partitions)
    counted = Totals()
    cores = jobs and jobs * (handler.hardware.threads or 1)
    files = pack(handler.folder)
    with connected(address, cores, sum(map(len, files.values()))) as ray:
        for partition, totals in _scored(ray, handler, files, partitions, jobs):
            counted += totals
            watch(partition, totals)
    if not counted.rows:
        raise InvalidInput("The inputs hold no reviews. Give a file with at least one.")
    remove_receipts(partitions)
    return counted


def _scored(
    ray: Any,
    handler: Handler,
    files: Files,
    partitions: Sequence[Partition],
    jobs: int | None,
) -> Iterator[tuple[Partition, Totals]]:
    """Yield partitions as they are done."""
    from ray.exceptions import RayActorError, RayTaskError
    from ray.util import ActorPool

    threads, gpus = handler.hardware.threads or 1, int(handler.device == CUDA)
    retries = {"max_restarts": RESTARTS, "max_task_retries": RESTARTS}
    actor = ray.remote(num_cpus=threads, num_gpus=gpus, **retries)(Worker)
    there = ray.cluster_resources()
    most = int(there.get("GPU", 1) if gpus else there.get("CPU", 1) // threads)
    actors = max(min(jobs or most, most, len(partitions)), 1)  # any more would wait for ever
    hardware = Hardware(threads, handler.device)
    pool: Any = ActorPool([actor.remote(handler.artifact.digest, hardware) for _ in range(actors)])
    stored = ray.put(files)  # with each call: an actor made anew needs them again
    try:
        yield from pool.map_unordered(lambda one, part: one.score.remote(part, stored), partitions)
    except RayTaskError as error:
        if isinstance(error.cause, SentimentError | OSError):
            raise error.cause from None
        raise
    except RayActorError as error:
        raise ResourceUnavailable(
            f"A worker of the cluster died again and again; perhaps memory ran out ({error}). The "
            "same command goes on with the partitions that are not done."
        ) from None
