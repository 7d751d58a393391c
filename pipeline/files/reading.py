"""The chunks of all inputs, one after the other, from any place on."""

from collections.abc import Iterator, Sequence
from typing import IO

from pipeline.files import parquet
from pipeline.files.chunks import Chunk, Position, Window, text_chunks
from pipeline.files.formats import input_kind
from pipeline.files.layouts import Layout, ReadSettings, read_layout
from pipeline.files.sources import Source

LARGEST_HEADER = 2**20


def read_chunks(
    sources: Sequence[Source], settings: ReadSettings, start: Position, size: int
) -> Iterator[Chunk]:
    """Yield the chunks of about `size` bytes from `start`, where one began or ended before."""
    for number in range(start.source, len(sources)):
        if number > start.source:
            start = Position(number)
        with sources[number].open() as (stream, stored):
            if _is_parquet(sources[number]):
                chunks = _parquet_chunks(sources[number], stored, settings, start, size)
            else:
                chunks = _text_chunks(sources[number], stream, settings, start, size)
            for chunk in chunks:
                yield chunk._replace(read=chunk.read or stored.tell())


def check_layouts(sources: Sequence[Source], settings: ReadSettings) -> None:
    """Raise InvalidInput for the first input whose beginning shows that it cannot be scored.

    Pipes are not looked at: what is read of them is gone.
    """
    for source in sources:
        if source.is_lasting:
            with source.open() as (stream, stored):
                if _is_parquet(source):
                    parquet.parquet_layout(parquet.open_parquet(stored, source), source, settings)
                else:
                    read_layout(source, settings, Window(stream).look(LARGEST_HEADER)[0])


def _is_parquet(source: Source) -> bool:
    return input_kind(source.path, source.format).format == "parquet"


def _text_chunks(
    source: Source, stream: IO[bytes], settings: ReadSettings, start: Position, size: int
) -> Iterator[Chunk]:
    window = Window(stream)
    beginning, _ = window.look(LARGEST_HEADER)
    layout, head = read_layout(source, settings, beginning)
    if start.offset == 0:
        window.skip(head)
        start = start.moved(head, _line_count(layout, beginning[:head]))
    else:
        stream.seek(start.offset)
        window = Window(stream)
    return text_chunks(window, layout, start, size)


def _line_count(layout: Layout, content: bytes) -> int:
    return layout.encoding.structure(content).count(b"\n")


def _parquet_chunks(
    source: Source, stored: IO[bytes], settings: ReadSettings, start: Position, size: int
) -> Iterator[Chunk]:
    file = parquet.open_parquet(stored, source)
    layout = parquet.parquet_layout(file, source, settings)
    share = (source.size() or 0) / max(file.metadata.num_rows, 1)
    for chunk in parquet.parquet_chunks(file, layout, start, size):
        yield chunk._replace(read=round(chunk.end.offset * share))
