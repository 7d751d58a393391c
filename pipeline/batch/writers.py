"""Writing scored rows as jsonl, csv or tsv; a file gets its name only when it is whole."""

import csv
import io
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pipeline.errors import InvalidInput

Row = dict[str, Any]
Write = Callable[[Sequence[Row]], None]


@contextmanager
def open_output(path: Path | None, format: str | None) -> Iterator[Write]:  # noqa: A002
    """Give a function that writes rows; standard output if `path` is None.

    `format`: jsonl, csv or tsv; None tells it by the suffix, jsonl on standard output. If the body
    fails nothing is left, and a file of that name stays as it was.
    """
    kind = format or ("jsonl" if path is None else path.suffix.lower().removeprefix("."))
    if kind not in WRITERS:
        raise InvalidInput(
            f"{path}: the suffix does not tell the format. End it in .{', .'.join(WRITERS)}, or "
            f"name the format with --output-format."
        )
    if path is None:
        stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
        try:
            yield WRITERS[kind](stream)
            stream.flush()
        finally:
            stream.detach()
        return
    with _atomic(path) as file:
        yield WRITERS[kind](file)


@contextmanager
def _atomic(path: Path) -> Iterator[IO[str]]:
    if not path.parent.is_dir():
        raise InvalidInput(
            f"There is no folder {path.parent} to put {path.name} in. Make it first."
        )
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _jsonl_writer(stream: IO[str]) -> Write:
    def write(rows: Sequence[Row]) -> None:
        stream.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)

    return write


def _table_writer(stream: IO[str], delimiter: str) -> Write:
    table = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    header: list[str] = []

    def write(rows: Sequence[Row]) -> None:
        for row in rows:
            if not header:
                header.extend(row)
                table.writerow(header)
            if list(row) != header:
                raise InvalidInput(
                    "The rows do not all have the same columns, which a table needs. "
                    "Write .jsonl instead."
                )
            table.writerow(row.values())

    return write


WRITERS: dict[str, Callable[[IO[str]], Write]] = {
    "jsonl": _jsonl_writer,
    "csv": lambda stream: _table_writer(stream, ","),
    "tsv": lambda stream: _table_writer(stream, "\t"),
}
