"""Scoring whole files with a handler: in order, in little memory, resumable."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.batch.output.journal import Identity
from pipeline.batch.output.output_files import OutputFiles, is_written_as_stream
from pipeline.batch.output.serializing import WriteSettings
from pipeline.batch.output.writing import open_output
from pipeline.batch.parallel import score_chunks
from pipeline.batch.scorer import ScoredChunk, Scorer
from pipeline.batch.totals import Totals
from pipeline.errors import InvalidInput
from pipeline.files.chunks import Chunk
from pipeline.files.layouts import ReadSettings
from pipeline.files.reading import Input, Tell, ignore, look_at, read_chunks
from pipeline.files.same_files import refuse_same
from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.models.hardware import CPU

CHUNK_BYTES = {"fast": 2**20, "deep": 2**16}
"""Of the input, by slot: a fraction of a second's work, or a few seconds'."""


def chunk_bytes(handler: Handler) -> int:
    """How much of the input this handler answers at a time; an accelerator is quick, too."""
    return CHUNK_BYTES[handler.slot if handler.device == CPU else "fast"]


Watch = Callable[[Chunk, ScoredChunk], None]


@dataclass(frozen=True)
class Job:
    """Files to score into `output`, a path or address, or None for standard output.

    `report` is the page that will be written about it.
    """

    sources: Sequence[Source]
    output: str | None
    read: ReadSettings
    write: WriteSettings
    report: Path | None = None

    def held_back(self, below: float) -> "Job":
        """The job with answers labelled `unsure` whose confidence is under this."""
        added = replace(self.write.added, unsure_below=below)
        reading = replace(self.read, reserved=added.names)
        return replace(self, read=reading, write=replace(self.write, added=added))

    def check(self) -> None:
        """Raise InvalidInput if a file that the run writes or removes is one of its inputs.

        Files are compared by what they are, not by their paths. Also if the report cannot be put
        where it is to be.
        """
        inputs: list[str | Path] = [source.path for source in self.sources if source.is_local]
        written = [] if self.is_stream else OutputFiles(self.output or "").all_local()
        refuse_same(inputs, written)
        if self.report is not None:
            from pipeline.reports.page import check_report  # needed for a report alone

            check_report(self.report, [*inputs, *written])

    @property
    def is_stream(self) -> bool:
        """Whether rows go to standard output, another pipe or a device: once, and to the end."""
        return is_written_as_stream(self.output)

    def identity(self, handler: Handler, inputs: Sequence[Input]) -> Identity | None:
        """What a run must have in common with the one it continues; None if it cannot continue.

        The shapes of the inputs are a part of it: read otherwise, their rows would be others.
        """
        shapes = [one.layout.decision() for one in inputs if one.layout]
        if self.is_stream or len(shapes) < len(self.sources):
            return None
        fingerprints = [source.fingerprint() for source in self.sources]
        settings: dict[str, Any] = {"formats": [source.given_format for source in self.sources]}
        settings |= asdict(self.read) | asdict(self.write)
        settings |= {"chunk_bytes": chunk_bytes(handler), "shape": shapes}
        return Identity(fingerprints, settings, handler.artifact.digest)


def score_files(
    handler: Handler,
    job: Job,
    jobs: int = 1,
    restart: bool = False,
    watch: Watch = lambda *_: None,
    tell: Tell = ignore,
    may_be_empty: bool = False,
    inputs: Sequence[Input] | None = None,
) -> Totals:
    """Write every row of every source with its answer, in order; return what was counted.

    A run that was cut off is continued where it stopped, unless `restart`. `watch` is called with
    each chunk when it is written, `tell` with the shape of each input. `inputs`: the sources, if
    they have been looked at. Raises InvalidInput for inputs without rows, unless `may_be_empty`, or
    that do not fit together or the output; a row that cannot be read is put among the rejects.
    """
    job.check()
    inputs = inputs or look_at(job.sources, job.read, tell)
    identity = job.identity(handler, inputs)
    with open_output(job.output, job.write, identity, restart) as output:
        start = output.checkpoint.position
        chunks = read_chunks(inputs, start, chunk_bytes(handler), tell)
        with closing(score_chunks(chunks, Scorer(handler, job.write), jobs)) as scored_chunks:
            for chunk, scored in scored_chunks:
                output.append(scored)
                watch(chunk, scored)
        totals = output.checkpoint.totals
        if not totals.rows and not may_be_empty:
            names = ", ".join(source.name for source in job.sources)
            raise InvalidInput(f"{names} holds no reviews. Give a file with at least one.")
        if totals.rows != totals.scored + totals.rejected:
            raise AssertionError(f"rows were lost or doubled: {totals}")
    return totals


def refuse_rejects(totals: Totals, job: Job, most: int) -> None:
    """Raise InvalidInput if more than `most` rows were rejected; all others are written by then."""
    if totals.rejected > most:
        files = "*" * (job.output or "").endswith("/")  # a folder of partitions
        where = "the lines above" if job.is_stream else OutputFiles(f"{job.output}{files}").rejects
        raise InvalidInput(
            f"{totals.rejected:,} of {totals.rows:,} rows could not be read and are in {where}; "
            f"all others are scored. The first: {totals.first_reject}"
        )
