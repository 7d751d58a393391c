"""The chunks of all inputs, one after the other, from any place on."""

from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple, cast

from pipeline.errors import InvalidInput
from pipeline.files import parquet
from pipeline.files.chunks import Chunk, Position, text_chunks
from pipeline.files.containers import MAGIC_BYTES, PLAIN, container_of
from pipeline.files.conversions import converted, unpacked
from pipeline.files.encoding_detection import UTF_8
from pipeline.files.formats import PARQUET, TEXT
from pipeline.files.layouts import Layout, ReadSettings
from pipeline.files.looking import text_layout
from pipeline.files.samples import SAMPLE_BYTES, take_sample
from pipeline.files.sources import Opened, Source
from pipeline.files.windows import Window

LARGEST_HEADER = 2**20

Tell = Callable[[Layout], None]
"""Called with the shape of each source, as soon as that is decided."""


def ignore(_: object) -> None:
    """Tell nobody."""


class Input(NamedTuple):
    """A source and its layout; None for a pipe, which is looked at when it is read."""

    source: Source
    settings: ReadSettings
    layout: Layout | None


def look_at(sources: Sequence[Source], settings: ReadSettings, tell: Tell = ignore) -> list[Input]:
    """Look at each source, once; raises InvalidInput for the first that cannot be scored."""
    inputs = []
    for source in sources:
        layout = None
        if source.is_lasting:
            with source.open() as opened:
                layout, _ = _look(source, opened, settings)
            tell(layout)
        inputs.append(Input(source, settings, layout))
    return inputs


def _look(source: Source, opened: Opened, settings: ReadSettings) -> tuple[Layout, Window]:
    """The shape of a source, and its text from the first byte on."""
    window = Window(opened.stream)
    container = container_of(window.look(MAGIC_BYTES)[0], source.kind, source.name)
    packed = Layout(
        source.name,
        # By its name alone a .txt may be anything: NSMC's own files are tables called so.
        source.given_format or source.kind.format.replace(TEXT, ""),
        UTF_8,
        (),
        None,
        container=container,
        compression=opened.compression,
    )
    if container == PARQUET:
        return _look_at_parquet(source, opened, packed, settings), window
    if container != PLAIN:
        window = Window(unpacked(opened, cast(IO[bytes], window), container, source.name))
    content, is_whole = window.look(SAMPLE_BYTES)
    if b"\n" not in content and not is_whole:  # a long line: as much as a header may have
        content, is_whole = window.look(LARGEST_HEADER)
    layout = text_layout(take_sample(content, is_whole, settings.encoding, packed), settings)
    return layout, Window(converted(cast(IO[bytes], window), layout))


def _look_at_parquet(
    source: Source, opened: Opened, packed: Layout, settings: ReadSettings
) -> Layout:
    if opened.compression is not None:
        raise InvalidInput(
            f"{source.name}: Parquet is compressed inside. Decompress the file first."
        )
    if not source.is_lasting:
        raise InvalidInput("Parquet is read from a file, not from a pipe. Name a file.")
    file = parquet.open_parquet(opened.stored, source)
    return parquet.parquet_layout(file, packed, settings)


def read_chunks(
    inputs: Sequence[Input], start: Position, size: int, tell: Tell = ignore
) -> Iterator[Chunk]:
    """Yield the chunks of about `size` bytes from `start`, where one began or ended before."""
    for number in range(start.source, len(inputs)):
        if number > start.source:
            start = Position(number)
        with inputs[number].source.open() as opened:
            for chunk in _chunks(inputs[number], opened, start, size, tell):
                yield chunk._replace(read=chunk.read or opened.stored.tell())


def _chunks(
    given: Input, opened: Opened, start: Position, size: int, tell: Tell
) -> Iterator[Chunk]:
    source, settings, layout = given
    if layout is None:
        layout, window = _look(source, opened, settings)
        tell(layout)
    elif layout.format == PARQUET:
        return _parquet_chunks(source, opened.stored, layout, start, size)
    else:
        stream = converted(unpacked(opened, opened.stream, layout.container, layout.name), layout)
        window = Window(stream)
        if start.offset:
            stream.seek(start.offset)
    if not start.offset:
        window.look(layout.head)
        window.skip(layout.head)
        start = start.moved(layout.head, layout.head_lines)
    return text_chunks(window, layout, start, size)


def _parquet_chunks(
    source: Source, stored: IO[bytes], layout: Layout, start: Position, size: int
) -> Iterator[Chunk]:
    file = parquet.open_parquet(stored, source)
    share = (source.size() or 0) / max(file.metadata.num_rows, 1)
    for chunk in parquet.parquet_chunks(file, layout, start, size):
        yield chunk._replace(read=round(chunk.end.offset * share))
