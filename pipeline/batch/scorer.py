"""Scoring one chunk: parse, ask the handler, serialize. It runs in this process or in another."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.batch.output.added_columns import AddedColumns
from pipeline.batch.output.serializing import Added, WriteSettings, serialize
from pipeline.batch.totals import Totals
from pipeline.errors import InvalidInput
from pipeline.files.chunks import Chunk, Position
from pipeline.files.columns import check_names
from pipeline.files.formats import DELIMITERS
from pipeline.files.parsing import parse_chunk
from pipeline.files.records import JsonRecords, Parsed, Records, Reject
from pipeline.handlers.base import Handler, labels_and_confidences
from pipeline.handlers.unsure import held_labels
from pipeline.quality.profile_counts import count_texts
from pipeline.reports.gathering import gather


class ScoredChunk(NamedTuple):
    """The bytes of a chunk's scored rows, and what is to be known of it.

    `columns`: those of the input, for the header of a table; None where they are not known.
    """

    content: bytes
    columns: tuple[str, ...] | None
    rejects: list[Reject]
    totals: Totals
    end: Position


@dataclass(frozen=True)
class Scorer:
    """An initialized handler, and how its answers are written."""

    handler: Handler
    settings: WriteSettings

    def score(self, chunk: Chunk) -> ScoredChunk:
        """Score the rows of a chunk; raises InvalidInput where they do not fit the output."""
        texts, records, rejects = parse_chunk(chunk)
        self._check_names(chunk, records)
        cleaned = self.handler.preprocess(texts)
        answers = self.handler.inference(cleaned) if texts else np.empty((0, 2))
        totals = self._count(chunk, Parsed(texts, records, rejects), cleaned, answers)
        columns = None
        if self.settings.kind.format in DELIMITERS and (texts or chunk.layout.columns):
            self._check_keys(chunk, records)
            columns = records.columns()
        content = b""
        if texts:
            added = added_columns(answers, self.settings.added)
            content = serialize(records, added, self.settings)
        return ScoredChunk(content, columns, rejects, totals, chunk.end)

    def _count(
        self, chunk: Chunk, parsed: Parsed, cleaned: list[str], answers: NDArray[np.float64]
    ) -> Totals:
        profile = gathered = None
        if self.settings.profile:
            profile = count_texts(cleaned, answers[:, 1])
            gathered = gather(chunk, parsed.records, cleaned, answers[:, 1])
        rows = len(parsed.records) + len(parsed.rejects)
        below = self.settings.added.unsure_below
        return Totals.of(rows, cleaned, answers, parsed.rejects, profile, below, gathered)

    def _check_keys(self, chunk: Chunk, records: Records) -> None:
        """A row of jsonl with a new key has no place in a table whose header is written."""
        found = records.unknown_key() if isinstance(records, JsonRecords) else None
        if found is not None:
            lines = chunk.layout.encoding.decode(chunk.content)[0].split("\n")
            place = next(n for n, line in enumerate(lines) if line.strip() == found[0])
            raise InvalidInput(
                f"{chunk.layout.name}, line {chunk.start.line + place}: the key {found[1]!r} is "
                "not among those of the first rows, which are the columns of the table. Write "
                ".jsonl or .parquet instead."
            )

    def _check_names(self, chunk: Chunk, records: Records) -> None:
        """Of jsonl each row may have other columns; of other formats the layout was checked."""
        if isinstance(records, JsonRecords):
            reserved = frozenset(self.settings.added.names)
            for record in records.objects:
                if not reserved.isdisjoint(record):
                    check_names(record, reserved, chunk.layout.name)


def added_columns(answers: NDArray[np.float64], columns: AddedColumns) -> Added:
    """The columns that answers of shape (n, 2) give, by name."""
    labels, confidences = labels_and_confidences(answers)
    values = [labels, confidences]
    if columns.holds_back:
        values = [held_labels(labels, confidences, columns.unsure_below), confidences, labels]
    return dict(zip(columns.names, [*values, *answers.T], strict=False))
