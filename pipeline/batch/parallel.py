"""Chunks scored in several processes, their order kept, a few of them on the way at a time."""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path

from pipeline.artifacts import Trust
from pipeline.batch.chunks import Chunk
from pipeline.batch.process import settle
from pipeline.batch.scorer import ScoredChunk, Scorer
from pipeline.batch.serializing import WriteSettings
from pipeline.batch.sources import Source
from pipeline.errors import ResourceUnavailable
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_folder

CHUNKS_A_WORKER = 3
"""On the way for each worker: one in work, the others waiting on either side."""

LARGE = 64 * 2**20
"""Bytes of input from which on the start of further processes pays."""

_scorer: Scorer
"""Of a worker process."""


def score_chunks(
    chunks: Iterable[Chunk], scorer: Scorer, jobs: int = 1
) -> Iterator[tuple[Chunk, ScoredChunk]]:
    """Yield each chunk with its scored rows, in order, scored by `jobs` processes.

    With one job all is done in this process. Raises ResourceUnavailable if a worker dies.
    """
    if jobs == 1:
        for chunk in chunks:
            yield chunk, scorer.score(chunk)
        return
    artifact = scorer.handler.artifact
    arguments = (scorer.handler.folder, artifact.digest, scorer.settings)
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _initialize, arguments)
    try:
        yield from _in_order(pool, chunks, jobs * CHUNKS_A_WORKER)
    except BrokenProcessPool:
        raise ResourceUnavailable(
            "A worker process died; perhaps memory ran out. The same command goes on where this "
            "run stopped; --jobs 1 needs the least memory."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, chunks: Iterable[Chunk], most: int
) -> Iterator[tuple[Chunk, ScoredChunk]]:
    waiting: deque[tuple[Chunk, Future[ScoredChunk]]] = deque()
    for chunk in chunks:
        waiting.append((chunk, pool.submit(_score, chunk)))
        if len(waiting) == most:
            first, future = waiting.popleft()
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()


def _initialize(folder: Path, digest: str, settings: WriteSettings) -> None:
    """Load the very artifact that the parent process has."""
    global _scorer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _scorer = Scorer(load_folder(folder, Trust(digest)), settings)
    settle()


def _end_with_parent() -> None:
    """A parent that is killed cannot tell us to end."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _score(chunk: Chunk) -> ScoredChunk:
    return _scorer.score(chunk)


def default_jobs(handler: Handler, sources: Sequence[Source]) -> int:
    """One process a core where that pays: the deep model uses all cores in one process."""
    sizes = [source.size() or 0 for source in sources]
    if handler.slot != "fast" or sum(sizes) < LARGE:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
