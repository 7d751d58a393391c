"""Chunks scored in several processes, their order kept, a few of them on the way at a time."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from mmap import mmap
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.artifacts.verification import Trust
from pipeline.batch.output.serializing import WriteSettings
from pipeline.batch.process import settle
from pipeline.batch.scorer import ScoredChunk, Scorer
from pipeline.batch.shared_blocks import Laid, lay, shared_blocks, taken
from pipeline.errors import ResourceUnavailable
from pipeline.files.chunks import Chunk
from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import load_folder
from pipeline.models.hardware import CPU, Hardware, count_cores
from pipeline.models.transformer.devices import count_devices

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

AHEAD = 4
"""Chunks at a worker at a time: one in work, the others for while this process is occupied."""

ON_THE_WAY = 6
"""Chunks for each process that are scored or about to be while an earlier one is not written."""

LARGE = 64 * 2**20
"""Bytes of input from which on the start of further processes pays."""

_scorer: Scorer
_blocks: list[mmap]
"""Of a worker process; it has blocks if it was forked."""


class Task(NamedTuple):
    """A chunk that is being scored; its bytes go and come in the block of this number, if any."""

    chunk: Chunk
    future: "Future[tuple[ScoredChunk, Laid]]"
    block: int | None = None


def score_chunks(
    chunks: Iterable[Chunk], scorer: Scorer, jobs: int = 1
) -> Generator[tuple[Chunk, ScoredChunk]]:
    """Yield each chunk with its scored rows, in order, scored by `jobs` processes.

    This process is one of them. Raises ResourceUnavailable if another one dies.
    """
    if jobs == 1:
        for chunk in chunks:
            yield chunk, scorer.score(chunk)
        return
    is_forked = can_fork(scorer.handler)
    with shared_blocks((jobs - 1) * AHEAD if is_forked else 0) as blocks:
        pool = _forked(scorer, jobs - 1, blocks) if is_forked else _spawned(scorer, jobs - 1)
        try:
            yield from Team(scorer, pool, jobs, blocks).score(chunks)
        except BrokenProcessPool:
            raise ResourceUnavailable(
                "A worker process died; perhaps memory ran out. The same command goes on where "
                "this run stopped; --jobs 1 needs the least memory."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class Team:
    """The workers of a pool, and this process; `free`: numbers of the blocks that no task has now.

    This process reads and writes for all; it scores when the workers have enough to do.
    """

    def __init__(
        self, scorer: Scorer, pool: ProcessPoolExecutor, jobs: int, blocks: list[mmap]
    ) -> None:
        self.scorer = scorer
        self.pool = pool
        self.most_handed_out = (jobs - 1) * AHEAD
        self.most = jobs * ON_THE_WAY
        self.blocks = blocks
        self.free = list(range(len(blocks)))
        self.tasks: deque[Task] = deque()

    def score(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, ScoredChunk]]:
        """Yield each chunk, without its bytes, and its scored rows, in order."""
        for chunk in chunks:
            is_busy = sum(not task.future.done() for task in self.tasks) >= self.most_handed_out
            self.tasks.append(self._score_here(chunk) if is_busy else self._hand_out(chunk))
            while self.tasks and (self.tasks[0].future.done() or len(self.tasks) >= self.most):
                yield self._collect()
        while self.tasks:
            yield self._collect()

    def _score_here(self, chunk: Chunk) -> Task:
        future: Future[tuple[ScoredChunk, Laid]] = Future()
        scored = self.scorer.score(chunk)
        future.set_result((scored, scored.content))
        return Task(chunk._replace(content=b""), future)

    def _hand_out(self, chunk: Chunk) -> Task:
        number = self.free.pop() if self.free else None
        laid, emptied = lay(chunk.content, _at(self.blocks, number)), chunk._replace(content=b"")
        return Task(emptied, self.pool.submit(_score, emptied, laid, number), number)

    def _collect(self) -> tuple[Chunk, ScoredChunk]:
        """The first task's chunk, as soon as it is scored."""
        chunk, future, number = self.tasks.popleft()
        scored, laid = future.result()
        content = taken(laid, _at(self.blocks, number))
        if number is not None:
            self.free.append(number)
        return chunk, scored._replace(content=content)


def _at(blocks: list[mmap], number: int | None) -> mmap | None:
    return None if number is None else blocks[number]


def _forked(scorer: Scorer, workers: int, blocks: list[mmap]) -> ProcessPoolExecutor:
    """Workers that share this process's memory: the model's, so that they need no start, too."""
    return ProcessPoolExecutor(workers, get_context("fork"), _initialize, (scorer, blocks))


def _spawned(scorer: Scorer, workers: int) -> ProcessPoolExecutor:
    """Workers where none can be forked; what they are given goes through pipes."""
    handler, context = scorer.handler, get_context("spawn")
    started = context.Value("i", 0)
    arguments = (handler.folder, handler.artifact.digest, scorer.settings, handler.hardware)
    return ProcessPoolExecutor(workers, context, _load, (*arguments, started))


def can_fork(handler: Handler) -> bool:
    """Whether handler and process stand it; a lock that another thread holds would stay shut."""
    is_alone = threading.active_count() == 1
    survives = handler.survives_fork(handler.artifact.manifest.settings)
    return survives and is_alone and sys.platform == "linux"


def _load(
    folder: Path,
    digest: str,
    settings: WriteSettings,
    hardware: Hardware,
    started: "Synchronized[int]",
) -> None:
    """Load the very artifact that the parent process has; `started` counts such processes."""
    with started.get_lock():
        started.value += 1
        mine = hardware.for_process(started.value)
    _initialize(Scorer(load_folder(folder, Trust(digest), mine), settings), [])
    settle()


def _initialize(scorer: Scorer, blocks: list[mmap]) -> None:
    global _scorer, _blocks
    _scorer, _blocks = scorer, blocks
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot tell us to end."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _score(chunk: Chunk, laid: Laid, number: int | None) -> tuple[ScoredChunk, Laid]:
    """Score in a worker process; the bytes lie in the block of this number where they fit."""
    block = _at(_blocks, number)
    scored = _scorer.score(chunk._replace(content=taken(laid, block)))
    return scored._replace(content=b""), lay(scored.content, block)


def default_jobs(handler: Handler, sources: Sequence[Source]) -> int:
    """One process a core, or an accelerator, where that pays.

    The deep model uses all cores in one process.
    """
    sizes = [source.size() or 0 for source in sources]
    if sum(sizes) < LARGE:
        return 1
    if handler.slot != "fast":
        return 1 if handler.device == CPU else count_devices(handler.hardware)
    return count_cores()
