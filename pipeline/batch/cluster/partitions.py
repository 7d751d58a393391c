"""A dataset of many files, scored each by itself into a folder: a file is a partition.

A partition that is done leaves a receipt, so that a run that was cut off does not do it again. The
receipts go when all are done.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.batch.output.output_files import OutputFiles
from pipeline.batch.scoring import Job, score_files
from pipeline.batch.totals import Totals
from pipeline.errors import InvalidInput
from pipeline.files import remote
from pipeline.files.formats import COMPRESSIONS, OUTPUT_FORMATS, output_kind
from pipeline.files.reading import look_at
from pipeline.files.sources import Source
from pipeline.handlers.base import Handler

RECEIPTS = ".unfinished"


@dataclass(frozen=True)
class Partition:
    """The job of scoring one file, and the path or address of its receipt."""

    job: Job
    receipt: str

    def score(self, handler: Handler) -> Totals:
        """Score it, or go on with it, unless that is done; return what was counted.

        Raises InvalidInput if it was begun with other settings, or another artifact or input.
        """
        inputs = look_at(self.job.sources, self.job.read)
        identity = self.job.identity(handler, inputs)
        found = remote.read(self.receipt)
        if identity is not None and found is not None:
            record = json.loads(found)
            if differences := identity.differences(record["identity"]):
                raise InvalidInput(
                    f"{self.job.output} is of an unfinished run that cannot be continued: "
                    f"{'; '.join(differences)}. Start over with --restart, or write to another "
                    "folder."
                )
            return Totals.from_record(record["totals"])
        totals = score_files(handler, self.job, may_be_empty=True, inputs=inputs)
        if identity is not None:
            record = {"identity": asdict(identity), "totals": asdict(totals)}
            remote.write(self.receipt, json.dumps(record).encode())
        return totals


def make_partitions(job: Job, output_format: str | None = None) -> list[Partition]:
    """One for each source of a job whose output is a folder, which is made if there is none.

    Outputs have the names of the inputs; with `output_format`, or where the input's format is none
    of an output (then it is jsonl), another suffix. Raises InvalidInput where two have one name.
    """
    folder = _absolute(job.output or "").rstrip("/")
    names = [_output_name(source, output_format) for source in job.sources]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidInput(f"Two inputs would be written to {twice[0]}. Rename one.")
    if not remote.is_remote(folder) and not Path(folder).is_dir():
        OutputFiles(folder).check_folder()
        Path(folder).mkdir()
    partitions = []
    for source, name in zip(job.sources, names, strict=True):
        write = replace(job.write, kind=output_kind(name))
        path = replace(source, path=_absolute(source.path))
        one = replace(job, sources=[path], output=f"{folder}/{name}", write=write)
        one.check()
        partitions.append(Partition(one, f"{folder}/{RECEIPTS}/{name}.json"))
    return partitions


def _absolute(path: str) -> str:
    """The same for a worker that runs in another folder."""
    return path if remote.is_remote(path) else str(Path(path).absolute())


def _output_name(source: Source, output_format: str | None) -> str:
    name = source.path.rpartition("/")[2]
    kind = source.kind
    if output_format is None and kind.format in OUTPUT_FORMATS and source.given_format is None:
        return name
    stem, suffixes = name, (*COMPRESSIONS, kind.format)
    while (parts := stem.rpartition("."))[0] and parts[2].lower() in suffixes:
        stem = parts[0]
    wanted = output_format or (kind.format if kind.format in OUTPUT_FORMATS else "jsonl")
    is_compressed = kind.compression is not None and wanted != "parquet"
    return f"{stem}.{wanted}" + f".{kind.compression}" * is_compressed


def forget(partitions: Sequence[Partition]) -> None:
    """Start over: no receipts, and nothing unfinished."""
    remove_receipts(partitions)
    for partition in partitions:
        OutputFiles(partition.job.output or "").discard()


def remove_receipts(partitions: Sequence[Partition]) -> None:
    """All are done, or none is to be."""
    for partition in partitions:
        remote.remove(partition.receipt)
    folder = Path(partitions[0].receipt).parent
    if not remote.is_remote(partitions[0].receipt) and folder.exists():
        folder.rmdir()
