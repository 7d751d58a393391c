"""What `sentiment predict` does with files: score them, show the progress, sum up."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Never

import click
from tqdm import tqdm

from cli.options import printable, refuse
from cli.read_options import refuse_unused
from pipeline.batch.output.added_columns import AddedColumns
from pipeline.batch.output.output_files import is_written_as_stream
from pipeline.batch.output.serializing import WriteSettings
from pipeline.batch.parallel import default_jobs
from pipeline.batch.process import settle
from pipeline.batch.scorer import ScoredChunk
from pipeline.batch.scoring import Job, refuse_rejects, score_files
from pipeline.batch.totals import Totals
from pipeline.files.chunks import Chunk
from pipeline.files.formats import (
    OUTPUT_FORMATS,
    STANDARD_STREAM,
    FileKind,
    input_kind,
    output_kind,
)
from pipeline.files.layouts import Layout, ReadSettings
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler

if TYPE_CHECKING:
    from pipeline.batch.cluster.partitions import Partition

BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} gone, {remaining} left{postfix}"
BAR_WITHOUT_END = "{desc}: {elapsed} gone{postfix}"


class Engine(NamedTuple):
    """What scores the files: processes of this machine, or a Ray cluster, one output per file."""

    name: str = "local"
    address: str | None = None
    output_format: str | None = None


def make_job(
    inputs: tuple[str, ...],
    output: str | None,
    input_format: str | None,
    output_format: str | None,
    prefix: str,
    probabilities: bool,
    excel: bool,
    report: Path | None,
    engine: str = "local",
    **read: Any,
) -> Job:
    """The job that the options describe; UsageError or InvalidInput where they contradict.

    `read`: fields of ReadSettings.
    """
    added = AddedColumns(prefix, probabilities)
    if engine == "ray":
        if output is None or STANDARD_STREAM in inputs:
            raise click.UsageError("--engine ray reads files, and writes into a folder: -o FOLDER.")
        output, kind = f"{output.rstrip('/')}/", FileKind(output_format or "jsonl")
    else:
        is_stream = is_written_as_stream(output)
        kind = output_kind(output or STANDARD_STREAM, output_format, is_stream)
        _refuse_other_suffix(output, kind)
    if excel and kind.format != "csv":
        raise click.UsageError("--excel is for .csv files.")
    sources = find_sources(inputs, input_format)
    refuse_unused(sources, read["delimiter"])
    return Job(
        sources,
        output,
        ReadSettings(reserved=added.names, **read),
        WriteSettings(kind, added, excel, profile=report is not None),
        report,
    )


def _refuse_other_suffix(output: str | None, kind: FileKind) -> None:
    """Raise UsageError for an --output-format that the suffix of the output contradicts."""
    told = input_kind(output or "").format
    if told in OUTPUT_FORMATS and told != kind.format:
        refuse(["output_format"], f"with -o {output}, whose suffix tells another format")


def score(
    handler: Handler,
    job: Job,
    language: str,
    max_rejects: int,
    restart: bool,
    jobs: int | None,
    quiet: bool,
    engine: Engine,
) -> None:
    """Score the inputs; show the progress and a summary on the terminal.

    `language` is that of the page, where the job has one.
    """
    settle()
    with progress(job, quiet) as speed:
        if engine.name == "ray":
            totals = _score_partitions(handler, job, engine, jobs, restart, speed)
        else:
            processes = jobs or default_jobs(handler, job.sources)
            totals = score_files(handler, job, processes, restart, speed.watch, speed.tell)
    if job.report is not None:
        from pipeline.batch.report import write_scored

        write_scored(job.report, handler, job, totals, language)
    if not quiet:
        click.echo(summary(totals, speed), err=True)
    refuse_rejects(totals, job, max_rejects)


def _score_partitions(
    handler: Handler, job: Job, engine: Engine, jobs: int | None, restart: bool, speed: "Speed"
) -> Totals:
    from pipeline.batch.cluster.partitions import make_partitions
    from pipeline.batch.cluster.ray_engine import score_partitions

    parts = make_partitions(job, engine.output_format)
    watch, tell = speed.watch_partition, speed.tell
    return score_partitions(handler, parts, engine.address, jobs, restart, watch, tell)


class Speed:
    """Counts rows and moves a bar by the bytes read. A resumed run counts its new rows only."""

    def __init__(self, job: Job, bar: "tqdm[Never]", quiet: bool) -> None:
        self.bar = bar
        self.quiet = quiet
        self.told: set[str] = set()
        self.sizes = [source.size() or 0 for source in job.sources]
        self.rows = 0
        self.begin = time.monotonic()

    def tell(self, layout: Layout) -> None:
        """Say once how files of this shape are read."""
        description = layout.describe()
        shape = description.removeprefix(layout.name)
        if not self.quiet and shape not in self.told:
            self.told.add(shape)
            self.bar.write(printable(description), file=sys.stderr)

    def watch(self, chunk: Chunk, scored: ScoredChunk) -> None:
        """Count a chunk that is written."""
        self.rows += scored.totals.rows
        self.bar.set_postfix_str(f"{self.per_second:,.0f} rows/s", refresh=False)
        self.bar.update(sum(self.sizes[: chunk.start.source]) + chunk.read - self.bar.n)

    def watch_partition(self, partition: "Partition", totals: Totals) -> None:
        """Count a partition that is done."""
        self.rows += totals.rows
        self.bar.set_postfix_str(f"{self.per_second:,.0f} rows/s", refresh=False)
        self.bar.update(sum(source.size() or 0 for source in partition.job.sources))

    @property
    def per_second(self) -> float:
        """Rows a second so far."""
        return self.rows / max(time.monotonic() - self.begin, 1e-9)


@contextmanager
def progress(job: Job, quiet: bool) -> Iterator[Speed]:
    """A bar on a terminal, nothing in a pipe."""
    tqdm.monitor_interval = 0  # else tqdm starts a thread, and forking would not be safe
    total = sum(source.size() or 0 for source in job.sources) or None
    with tqdm(
        total=total,
        desc="Scoring",
        bar_format=BAR if total else BAR_WITHOUT_END,
        disable=True if quiet else None,
        leave=False,
        dynamic_ncols=True,
    ) as bar:
        yield Speed(job, bar, quiet)


def summary(totals: Totals, speed: Speed) -> str:
    """Two lines: what became of the rows, and what the answers are like."""
    unsure = f", {totals.unsure_share:.1%} unsure" if totals.unsure else ""
    empty = f" ({totals.empty:,} empty reviews apart)" if totals.empty else ""
    return (
        f"{totals.rows:,} rows in = {totals.scored:,} scored + {totals.rejected:,} rejected\n"
        f"{totals.positive_share:.1%} positive, mean confidence {totals.mean_confidence:.1%}"
        f"{unsure}{empty}, {speed.per_second:,.0f} rows/s"
    )
