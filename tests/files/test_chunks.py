"""Wherever a file is cut, its rows are those that the csv module finds in the whole of it."""

import csv
import io
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.files.chunks import Chunk, Position, text_chunks
from pipeline.files.dialects import AUTO, Dialect
from pipeline.files.dialects import CSV as QUOTED
from pipeline.files.encodings import Encoding
from pipeline.files.layouts import TABLE, Layout
from pipeline.files.parsing import parse_text
from pipeline.files.table_reader import TableReader
from pipeline.files.windows import Window

UTF_16 = Encoding("utf-16-le", 2)
FIELDS = st.text(st.sampled_from('가각a",\n\r \t\u2028😀'), max_size=6)
ROWS = st.lists(st.tuples(FIELDS, FIELDS), max_size=12)
SIZES = st.integers(1, 40)


def table(
    encoding: Encoding, delimiter: str, columns: tuple[str, ...], quoting: str = AUTO
) -> Layout:
    dialect = Dialect(delimiter, len(columns), quoting)
    return Layout("given", TABLE, encoding, columns, "text", dialect)


def chunks(
    content: bytes, encoding: Encoding, size: int, start: Position, quoting: str = AUTO
) -> Iterator[Chunk]:
    layout = table(encoding, ",", ("text", "n"), quoting)
    return text_chunks(Window(io.BytesIO(content[start.offset :])), layout, start, size)


@settings(max_examples=300, deadline=None)
@given(ROWS, SIZES, st.sampled_from([Encoding("utf-8"), UTF_16]))
def test_chunks_have_all_rows(rows: list[tuple[str, str]], size: int, encoding: Encoding) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    content = stream.getvalue().encode(encoding.codec)
    found, place = [], Position()
    for chunk in chunks(content, encoding, size * 2, Position(), QUOTED):
        assert chunk.start == place
        parsed = parse_text(chunk)
        assert not parsed.rejects
        found += [tuple(row) for row in parsed.records.rows()]
        place = chunk.end
    assert found == rows
    assert place.offset == len(content)
    assert place.line == 1 + stream.getvalue().count("\n")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('가a",\n\r'), max_size=60), SIZES)
def test_any_text_is_cut_the_same_from_any_chunk_on(text: str, size: int) -> None:
    """As a resumed run does; and every byte is in one chunk."""
    content = text.encode()
    whole = list(chunks(content, Encoding("utf-8"), size, Position()))
    assert b"".join(chunk.content for chunk in whole) == content
    for number, chunk in enumerate(whole):
        assert list(chunks(content, Encoding("utf-8"), size, chunk.start)) == whole[number:]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('가a",\n\r'), max_size=60), SIZES, SIZES)
def test_rows_do_not_depend_on_the_size_of_chunks(text: str, one: int, other: int) -> None:
    def everything(size: int) -> tuple[list[object], list[object]]:
        parsed = [parse_text(c) for c in chunks(text.encode(), Encoding("utf-8"), size, Position())]
        rows = [row for part in parsed for row in part.records.rows()]
        return rows, [reject for part in parsed for reject in part.rejects]

    assert everything(one) == everything(other)


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from('가a"\t\n\r'), max_size=60), st.integers(1, 3))
def test_rows_that_are_lines_are_read_as_any_others(text: str, width: int) -> None:
    layout = table(Encoding("utf-8"), "\t", ("text", "n", "m")[:width])
    for chunk in text_chunks(Window(io.BytesIO(text.encode())), layout, Position(), 40):
        content = chunk.content.decode()
        reader = TableReader(layout)
        found = list(reader.find(content))
        if chunk.defect is None and (read := reader.read(content)) is not None:
            texts, records = read
            assert not any(one.reason for one in found)
            assert [list(row) for row in records.rows()] == [f.row for f in found if f.row]
            assert texts == [f.row[0] for f in found if f.row]


def test_a_window_reads_on_where_reads_are_short() -> None:
    class Short(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 3))

    window = Window(Short(b"0123456789"))
    assert window.look(7) == (b"0123456", False)
    window.skip(6)
    assert window.look(4) == (b"6789", True)
