"""Where scored rows go: standard output, or a file that gets its name only when it is whole."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from filelock import FileLock, Timeout

from pipeline.batch.output.arrow_rows import CommonSchema
from pipeline.batch.output.journal import Checkpoint, Identity, Journal
from pipeline.batch.output.output_files import OutputFiles, is_written_as_stream
from pipeline.batch.output.parquet_writing import EarlyParquet
from pipeline.batch.output.serializing import WriteSettings, header
from pipeline.batch.scorer import ScoredChunk
from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.files.records import Reject
from pipeline.targets import open_stream, write_all

SECONDS_BETWEEN_CHECKPOINTS = 2.0


class Output(Protocol):
    """What a run writes to; `checkpoint` says how far it has come."""

    checkpoint: Checkpoint

    def append(self, scored: ScoredChunk) -> None:
        """Write the rows and rejects of the next chunk."""


class StreamOutput:
    """Rows go to standard output, another pipe or a device, rejects to standard error."""

    def __init__(self, settings: WriteSettings, stream: IO[bytes]) -> None:
        self.settings = settings
        self.stream = stream
        self.checkpoint = Checkpoint()

    def append(self, scored: ScoredChunk) -> None:
        """Write rows and rejects."""
        content, rejects, self.checkpoint = advance(self.checkpoint, scored, self.settings)
        write_all(self.stream, content)
        if rejects:
            sys.stderr.write(rejects.decode())


class FileOutput:
    """A file in the making. `journal` is None where the input cannot be read a second time."""

    def __init__(
        self, files: OutputFiles, settings: WriteSettings, journal: Journal | None
    ) -> None:
        self.files = files
        self.settings = settings
        self.journal = journal
        self.schema = CommonSchema()
        self.saved_at = time.monotonic()
        self.checkpoint = (journal.read() if journal else None) or Checkpoint()
        self.early: EarlyParquet | None = None
        self.saving: Future[None] | None = None
        self._open = ExitStack()
        if not self.checkpoint.is_complete:
            with ExitStack() as stack:
                sizes = self.checkpoint.output_size, self.checkpoint.rejects_size
                self.rows = stack.enter_context(files.open_at(files.partial, sizes[0]))
                self.rejects = stack.enter_context(files.open_at(files.partial_rejects, sizes[1]))
                if self._is_parquet and not self.checkpoint.output_size:
                    self.early = EarlyParquet(partial(files.create, files.parquet))
                    stack.callback(self.early.close)
                self._saver = stack.enter_context(ThreadPoolExecutor(1))
                self._open = stack.pop_all()

    def append(self, scored: ScoredChunk) -> None:
        """Write rows and rejects, and now and then a checkpoint."""
        content, rejects, checkpoint = advance(self.checkpoint, scored, self.settings)
        if self._is_parquet and content:
            self.schema.add(content)
            if self.early:
                self.early.add(content)
        self.rows.write(content)
        self.rejects.write(rejects)
        self.checkpoint = checkpoint
        if time.monotonic() - self.saved_at >= SECONDS_BETWEEN_CHECKPOINTS:
            self._finish_saving()
            self.saving = self._saver.submit(self.save)
            self.saved_at = time.monotonic()

    def save(self) -> None:
        """Make sure that all is on the disk, then say so in the journal.

        It runs beside `append`: what is written meanwhile is behind the checkpoint.
        """
        checkpoint = self.checkpoint
        for file in (self.rows, self.rejects):
            file.flush()
            os.fsync(file.fileno())
        if self.journal is not None:
            self.journal.write(checkpoint)

    def _finish_saving(self) -> None:
        if self.saving is not None:
            self.saving.result()

    def publish(self) -> None:
        """All rows are written: give the files their names."""
        is_written = False
        if not self.checkpoint.is_complete:
            self._finish_saving()
            self.checkpoint = replace(self.checkpoint, is_complete=True)
            self.save()
            is_written = bool(self.early and self.early.finish())
            self.close()
        if self.files.partial.exists():  # else a run was cut off with only its journal left
            has_rejects = self.checkpoint.totals.rejected > 0
            self.files.publish(has_rejects, self._is_parquet, is_written)
        if self.journal is not None:
            self.journal.remove()

    @property
    def _is_parquet(self) -> bool:
        return self.settings.kind.format == "parquet"

    def close(self) -> None:
        """Close the files, after what is being saved is."""
        self._open.close()


@contextmanager
def open_output(
    target: str | None, settings: WriteSettings, identity: Identity | None, restart: bool = False
) -> Iterator[Output]:
    """Give an output that stands where the last run of the same identity left off.

    `target`: path or address, None for standard output. `identity` is None where nothing can be
    resumed, as from a stream. If the body ends, the file appears under its name; if it fails, what
    is written stays for the next run, unless there is no use in that: where the input is bad, or is
    not to be had a second time. `restart` forgets the last run.
    """
    if target is None:
        yield StreamOutput(settings, sys.stdout.buffer)
        return
    if is_written_as_stream(target):
        with open_stream(Path(target)) as stream:
            yield StreamOutput(settings, stream)
        return
    files = OutputFiles(target)
    files.check()
    with _locked(files):
        if restart or identity is None:
            files.discard()
        journal = Journal(files.journal, identity) if identity else None
        with files.discarded_on_failure():
            output = FileOutput(files, settings, journal)
        with files.discarded_on_failure(InvalidInput), _closed_on_failure(output):
            yield output
            output.publish()


@contextmanager
def _closed_on_failure(output: FileOutput) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the disk is full also for what is still to be flushed
            output.close()
        raise


@contextmanager
def _locked(files: OutputFiles) -> Iterator[None]:
    try:
        with FileLock(files.lock, timeout=0):
            try:
                yield
            finally:
                files.lock.unlink(missing_ok=True)
    except Timeout:
        raise ResourceUnavailable(
            f"Another run is writing {files.target}. Wait for it, or write to another file."
        ) from None


def advance(
    checkpoint: Checkpoint, scored: ScoredChunk, settings: WriteSettings
) -> tuple[bytes, bytes, Checkpoint]:
    """Return (bytes to append to the rows, to the rejects, the checkpoint when that is done).

    Raises InvalidInput where the chunk's columns are not those of the rows before.
    """
    columns, content = checkpoint.columns, scored.content
    if columns is None and scored.columns is not None:
        columns = scored.columns
        content = header(columns, settings) + content
    if scored.columns not in (None, columns):
        raise InvalidInput(
            "The inputs do not all have the same columns, which a table needs. "
            "Write .jsonl instead."
        )
    rejects = reject_lines(scored.rejects)
    return (
        content,
        rejects,
        Checkpoint(
            scored.end,
            checkpoint.output_size + len(content),
            checkpoint.rejects_size + len(rejects),
            columns,
            checkpoint.totals + scored.totals,
        ),
    )


def reject_lines(rejects: Sequence[Reject]) -> bytes:
    """Rejects as JSON lines."""
    lines = (json.dumps(reject._asdict(), ensure_ascii=False) + "\n" for reject in rejects)
    return "".join(lines).encode("utf-8", "backslashreplace")
