"""The chunks of all inputs, one after the other, from any place on."""

from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

from pipeline.files import parquet
from pipeline.files.chunks import Chunk, Position, Window, text_chunks
from pipeline.files.layouts import Layout, ReadSettings, read_layout
from pipeline.files.sources import Source

LARGEST_HEADER = 2**20


class Input(NamedTuple):
    """A source and its layout; None for a pipe, since what is looked at in one is gone."""

    source: Source
    settings: ReadSettings
    layout: Layout | None


def look_at(sources: Sequence[Source], settings: ReadSettings) -> list[Input]:
    """Read the layout of each source; raises InvalidInput for the first that cannot be scored."""
    return [Input(source, settings, _layout(source, settings)) for source in sources]


def _layout(source: Source, settings: ReadSettings) -> Layout | None:
    if not source.is_lasting:
        return None
    with source.open() as (stream, stored):
        if source.kind.format == "parquet":
            return parquet.parquet_layout(parquet.open_parquet(stored, source), source, settings)
        return read_layout(source, settings, Window(stream).look(LARGEST_HEADER)[0])


def read_chunks(inputs: Sequence[Input], start: Position, size: int) -> Iterator[Chunk]:
    """Yield the chunks of about `size` bytes from `start`, where one began or ended before."""
    for number in range(start.source, len(inputs)):
        if number > start.source:
            start = Position(number)
        source, settings, layout = inputs[number]
        with source.open() as (stream, stored):
            if source.kind.format == "parquet":
                chunks = _parquet_chunks(source, stored, layout, start, size)
            else:
                chunks = _text_chunks(source, settings, layout, stream, start, size)
            for chunk in chunks:
                yield chunk._replace(read=chunk.read or stored.tell())


def _text_chunks(
    source: Source,
    settings: ReadSettings,
    layout: Layout | None,
    stream: IO[bytes],
    start: Position,
    size: int,
) -> Iterator[Chunk]:
    window = Window(stream)
    layout = layout or read_layout(source, settings, window.look(LARGEST_HEADER)[0])
    if start.offset:
        stream.seek(start.offset)
    else:
        window.look(layout.head)
        window.skip(layout.head)
        start = start.moved(layout.head, layout.head_lines)
    return text_chunks(window, layout, start, size)


def _parquet_chunks(
    source: Source, stored: IO[bytes], layout: Layout | None, start: Position, size: int
) -> Iterator[Chunk]:
    assert layout is not None  # noqa: S101 - Parquet is never read from a pipe
    file = parquet.open_parquet(stored, source)
    share = (source.size() or 0) / max(file.metadata.num_rows, 1)
    for chunk in parquet.parquet_chunks(file, layout, start, size):
        yield chunk._replace(read=round(chunk.end.offset * share))
