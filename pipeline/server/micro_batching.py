"""Micro-batching: texts of concurrent requests go through the model together.

Every caller gets exactly its own rows. A batch that fails is halved until the text at fault is
alone, so that only its own request fails.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from pipeline.errors import ResourceUnavailable
from pipeline.handlers.base import Handler, Prediction
from pipeline.server.context import RequestContext
from pipeline.server.metrics import Metrics
from pipeline.server.refusals import RequestRefused, overloaded, too_late
from pipeline.server.settings import ServerSettings

ROWS_OF_ONE = 8
"""Rows of one request taken at a time, so that a long list does not hold up other requests."""

Result = Prediction | Exception


class Job:
    """The texts of one request on their way through one model; a row is a text's place."""

    def __init__(self, handler: Handler, texts: Sequence[str], deadline: float) -> None:
        self.handler, self.texts, self.deadline = handler, texts, deadline
        self.results: list[Result | None] = [None] * len(texts)
        self.arrived = time.monotonic()
        self.began = self.ended = 0.0
        self.taken = 0
        self.answered = 0
        self.is_cancelled = False
        self.is_done = threading.Event()
        self._settling = threading.Lock()

    def take(self, most: int) -> list[tuple["Job", int]]:
        """The next rows, `most` at most."""
        rows = range(self.taken, min(self.taken + most, len(self.texts)))
        self.taken = rows.stop
        return [(self, row) for row in rows]

    @property
    def waiting(self) -> int:
        """Rows not yet taken."""
        return len(self.texts) - self.taken

    def settle(self, row: int, result: Result) -> None:
        """Set one row's result."""
        self.results[row] = result
        with self._settling:  # rows of one job may be in several batches at once
            self.answered += 1
            is_done = isinstance(result, Exception) or self.answered == len(self.texts)
        if is_done:
            self.ended = time.monotonic()
            self.is_done.set()

    def answers(self) -> list[Prediction]:
        """All results in order; raises the first exception among them."""
        for result in self.results:
            if isinstance(result, Exception):
                raise result
        answers = [result for result in self.results if isinstance(result, Prediction)]
        if len(answers) != len(self.texts):
            raise AssertionError("a text was left without an answer")
        return answers


class Batcher:
    """Takes jobs from many threads, runs them in `batches_at_once` threads of its own.

    A batch holds at most `batch_size` texts, all for the same handler. Its first text waits at most
    `batch_wait` seconds for others; time for which the model was busy counts.
    """

    def __init__(self, slot: str, settings: ServerSettings, metrics: Metrics) -> None:
        self.slot, self.settings, self._metrics = slot, settings, metrics
        self._jobs: deque[Job] = deque()
        self._rows = 0
        self._changed = threading.Condition()
        for number in range(settings.batches_at_once):
            name = f"batches-{slot}-{number}"
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def answer(
        self,
        handler: Handler,
        texts: Sequence[str],
        deadline: float,
        context: RequestContext | None = None,
    ) -> list[Prediction]:
        """Answer n texts with n predictions in order; blocks.

        Notes in the context, if there is one, when the first text's batch began and the last ended.

        Raises RequestRefused when too many texts are waiting or time is up, and whatever the
        handler raises for one of these texts.
        """
        if not texts:
            return []
        job = Job(handler, texts, deadline)
        with self._changed:
            # More than fit at once are taken while no others wait: later would be no better.
            if self._rows and self._rows + len(texts) > self.settings.batch_queue:
                raise overloaded()
            self._rows += len(texts)
            self._jobs.append(job)
            self._changed.notify()
        is_done = job.is_done.wait(max(0.0, deadline - time.monotonic()))
        if context is not None:
            context.model_began = context.model_began or job.began
            context.model_ended = job.ended
        if not is_done:
            job.is_cancelled = True
            raise too_late()
        return job.answers()

    def _run(self) -> None:
        while True:
            self._run_next()

    def _run_next(self) -> None:
        """Run a batch, and keep nothing of it: a handler lives as long as somebody asks it."""
        batch = self._next_batch()
        if not batch:
            return
        self._metrics.batch(self.slot, len(batch))
        now = time.monotonic()
        for job, row in batch:
            if row == 0:
                job.began = now
                self._metrics.queue_wait(self.slot, now - job.arrived)
        run_batch(batch)

    def _next_batch(self) -> list[tuple[Job, int]]:
        """Wait for a first row, then `batch_wait` for more, and take a batch."""
        with self._changed:
            while not self._drop_finished():
                self._changed.wait()
            fills_at = self._jobs[0].arrived + self.settings.batch_wait
            while self._rows < self.settings.batch_size:
                if not self._changed.wait(max(0.0, fills_at - time.monotonic())):
                    break
            return self._take() if self._drop_finished() else []

    def _drop_finished(self) -> bool:
        """Drop jobs that are done, cancelled or too late; returns whether any are left."""
        now = time.monotonic()
        kept = deque(
            job
            for job in self._jobs
            if not (job.is_cancelled or job.is_done.is_set() or now > job.deadline)
        )
        if len(kept) < len(self._jobs):
            self._jobs = kept
            self._rows = sum(job.waiting for job in kept)
        return bool(self._jobs)

    def _take(self) -> list[tuple[Job, int]]:
        """A batch for the first job's handler, with some rows of each of its jobs in turn."""
        handler = self._jobs[0].handler
        batch: list[tuple[Job, int]] = []
        while len(batch) < self.settings.batch_size:
            job = next((job for job in self._jobs if job.handler is handler), None)
            if job is None:
                break
            self._jobs.remove(job)
            batch += job.take(min(ROWS_OF_ONE, self.settings.batch_size - len(batch)))
            if job.waiting:
                self._jobs.append(job)
        self._rows -= len(batch)
        return batch


def run_batch(batch: Sequence[tuple[Job, int]]) -> None:
    """Settle every row of a batch, halving it where it fails; never raises.

    Where no model answers at all, half a batch would not be answered either.
    """
    handler = batch[0][0].handler
    try:
        results: Sequence[Result] = checked(handler.handle, [job.texts[row] for job, row in batch])
    except (RequestRefused, ResourceUnavailable) as error:
        results = [error] * len(batch)
    except Exception as error:
        if len(batch) > 1:
            middle = len(batch) // 2
            run_batch(batch[:middle])
            run_batch(batch[middle:])
            return
        results = [error]
    for (job, row), result in zip(batch, results, strict=True):
        job.settle(row, result)


def checked(
    handle: Callable[[Sequence[str]], list[Prediction]], texts: Sequence[str]
) -> list[Prediction]:
    """Call a handler; raises AssertionError unless it answered each text, in order."""
    answers = handle(texts)
    if len(answers) != len(texts) or any(
        answer.text is not text for answer, text in zip(answers, texts, strict=True)
    ):
        raise AssertionError("the answers are not those of the texts")
    return answers
