"""Scoring whole files with a handler, in order and in little memory."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from pipeline.batch.readers import Row, Source
from pipeline.batch.writers import open_output
from pipeline.errors import InvalidInput
from pipeline.handlers.base import Handler

ROWS_AT_A_TIME = 8192
LABEL_COLUMN = "predicted_label"
CONFIDENCE_COLUMN = "confidence"


def score_files(
    handler: Handler,
    sources: Iterable[Source],
    output: Path | None,
    output_format: str | None = None,
    prefix: str = "",
) -> int:
    """Write every row of every source with its label and confidence; return how many there were.

    Raises InvalidInput for a row that cannot be read, a source without reviews, or a clash of
    column names; then no output file appears.
    """
    total = 0
    with open_output(output, output_format) as write:
        for source in sources:
            rows = 0
            for chunk in _chunks(source.rows()):
                write(_scored(handler, chunk, prefix))
                rows += len(chunk)
            if not rows:
                raise InvalidInput(f"{source.name} holds no reviews.")
            total += rows
    return total


def _chunks(rows: Iterator[tuple[Row, str]]) -> Iterator[list[tuple[Row, str]]]:
    while chunk := list(islice(rows, ROWS_AT_A_TIME)):
        yield chunk


def _scored(handler: Handler, chunk: Sequence[tuple[Row, str]], prefix: str) -> list[Row]:
    label, confidence = prefix + LABEL_COLUMN, prefix + CONFIDENCE_COLUMN
    taken = {label, confidence}.intersection(chunk[0][0])
    if taken:
        raise InvalidInput(
            f"The input has a column {' and '.join(sorted(taken))} already. Rename ours with "
            "--prefix, for example --prefix model_."
        )
    answers = handler.handle([text for _, text in chunk])
    return [
        {**row, label: answer.label, confidence: answer.confidence}
        for (row, _), answer in zip(chunk, answers, strict=True)
    ]
