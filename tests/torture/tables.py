"""Hostile tables given to `predict`: damaged Parquet, odd values, and small files that hold much.

Each file follows from the seed and its number alone: `mutant(seed, number)`. Many are read by one
child process, with the command's own function; the bombs by one process each.
"""

import io
import os
import random
import signal
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

from tests.support import hostile_documents
from tests.support.arrow_kinds import arrow_kinds
from tests.torture.small import Small
from tests.torture.tally import Tally
from tests.torture.watching import hand_over, in_child, limit_memory

PEAK = 500
"""MB that a process may take: with its limit it takes 340 to 410, without one 1,120."""

SECONDS = 30
BATCH = 500
OUTPUTS = ("csv", "jsonl", "parquet", "tsv")
LIMIT = 4 * 2**30
"""Bytes of address space, so that what goes wrong costs this process, not the machine."""


def table_tallies(
    small: Small, scratch: Path, count: int, seed: int, bug: str = "none"
) -> list[Tally]:
    """Tallies of `count` mutants, and of the bombs; they may be scored or refused, no more."""
    return [mutate_tables(small, scratch, count, seed, bug), explode(small, scratch, bug)]


def mutate_tables(small: Small, scratch: Path, count: int, seed: int, bug: str = "none") -> Tally:
    """Give `count` mutants to `predict`, many in one process."""
    tally = Tally("mutants of Parquet files", loaded_is_fine=True)
    for start in range(0, count, BATCH):
        numbers = (start, min(start + BATCH, count))
        tally.add(in_child("tests.torture.tables", small.root, scratch, seed, *numbers, bug))
    return tally


def mutant(seed: int, number: int) -> bytes:
    """A Parquet file of made-up columns, changed in up to four places; one in ten is whole."""
    chance = random.Random(f"{seed}-{number}")
    content = bytearray(_made(chance))
    if chance.random() < 0.1:
        return bytes(content)
    index = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for _ in range(chance.randint(1, 4)):
        # Pages, or the index behind them, but not its length, which would hide the rest.
        first, last = chance.choice([(4, index), (index, len(content) - 8)])
        _change(chance, content, chance.randrange(first, last))
    return bytes(content)


def _made(chance: random.Random) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = arrow_kinds()
    names = chance.sample(sorted(kinds), chance.randint(0, 4))
    rows = chance.choice([2, 2, 300])
    texts = [chance.choice(["가나다", "x" * chance.randint(0, 50), None]) for _ in range(rows)]
    places = pa.array([row % 2 for row in range(rows)])
    table = pa.table({"document": texts, **{name: kinds[name].take(places) for name in names}})
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        compression=chance.choice(["zstd", "snappy", "gzip", "none", "lz4", "brotli"]),
        data_page_version=chance.choice(["1.0", "2.0"]),
        use_dictionary=chance.random() < 0.6,
        store_schema=chance.random() < 0.6,
        row_group_size=chance.choice([2, 100, 1000]),
    )
    return file.getvalue()


def _change(chance: random.Random, content: bytearray, place: int) -> None:
    match chance.randrange(5):
        case 0 | 1:
            content[place] ^= 1 << chance.randrange(8)
        case 2:
            content[place] = chance.choice([0, 255, chance.randrange(256)])
        case 3:
            content[place:place] = chance.randbytes(chance.randint(1, 4))
        case _:
            del content[place : place + chance.randint(1, 4)]


def _shared_text(path: Path, characters: int, rows: int, **columns: Any) -> None:
    """Rows that all have one text, which is there once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = pa.DictionaryArray.from_arrays(
        pa.array([0] * rows, pa.int32()), pa.array(["가" * characters])
    )
    pq.write_table(
        pa.table({"document": texts, **columns}),
        path,
        compression="zstd",
        store_schema=False,
        write_statistics=False,
        dictionary_pagesize_limit=2**30,
    )


def _list(path: Path, length: int) -> None:
    import pyarrow as pa

    ends = pa.array([0, length], pa.int32())
    zeros = pa.Array.from_buffers(pa.int8(), length, [None, pa.py_buffer(bytes(length))])
    _shared_text(path, 1, 1, x=pa.ListArray.from_arrays(ends, zeros))


def _page(path: Path, size: int) -> None:
    import pyarrow as pa

    _shared_text(path, 1, 1, x=pa.array([bytes(size)], pa.binary()))


def _index(path: Path, columns: int) -> None:
    """An index that says it has so many columns."""
    index = b"\x15\x02\x19\xfc" + b"\xff\xff\xff\xff\x07" + bytes(columns)
    path.write_bytes(b"PAR1" + index + struct.pack("<I", len(index)) + b"PAR1")


BOMBS: dict[str, Callable[[Path], None]] = {
    "a text of 5 MB in 500 rows.parquet": lambda path: _shared_text(path, 1_700_000, 500),
    "a text of 5 MB in 100 rows.parquet": lambda path: _shared_text(path, 1_700_000, 100),
    "a text of 2 MB in 40 rows.parquet": lambda path: _shared_text(path, 700_000, 40),
    "a row with a list of 100 million zeros.parquet": lambda path: _list(path, 10**8),
    "a row with 600 MB of zeros.parquet": lambda path: _page(path, 600_000_000),
    "an index of two billion columns.parquet": lambda path: _index(path, 1000),
    **hostile_documents.BOMBS,
}


def explode(small: Small, scratch: Path, bug: str = "none", names: Iterable[str] = BOMBS) -> Tally:
    """Give each bomb to a process of its own; it must end in time and in memory."""
    tally = Tally("bombs", loaded_is_fine=True)
    for name in names:
        path = scratch / name
        BOMBS[name](path)
        part = in_child("tests.torture.tables", small.root, path, bug)
        tally.add(part)
        path.unlink()
    return tally


BUGS = ("no-limit", "no-values", "no-child")


def plant(bug: str) -> None:
    """Break the product: no limit, values as pyarrow has them, or sheets read by this process."""
    from pipeline.files import conversions, json_documents, parquet, parquet_rows, records

    if bug == "no-limit":
        parquet_rows.memory_limit = json_documents.memory_limit = lambda _: nullcontext()
    if bug == "no-child":
        conversions.spreadsheet_lines = _without_child
    if bug == "no-values":
        records.values = parquet.values = lambda array: array.to_pylist()


def _without_child(content: IO[bytes], _: str) -> Iterator[bytes]:
    from pipeline.files import spreadsheet_child

    output = io.BytesIO()
    spreadsheet_child._answer(io.BytesIO(content.read()), output)
    yield output.getvalue()


def attempt(tally: Tally, label: str, root: Path, given: Path, suffix: str) -> None:
    """Score one file with the command's own function, and tell what came of it."""
    from cli.main import main

    output = given.with_name(f"out.{suffix}")
    arguments = ["predict", "--fast", "--quiet", "--restart", "--max-rejects", "1000000"]
    arguments += ["--artifacts", str(root), str(given), "-o", str(output)]
    tally.tried += 1
    signal.alarm(SECONDS)
    try:
        code = main.main(arguments, standalone_mode=False) or 0
        tally.loaded += code == 0
        tally.refused += code == 3
        if code not in (0, 3):
            tally.problems.append(f"{label}: ended with {code}")
    except Exception as error:
        tally.problems.append(f"{label}: {type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
    for path in output.parent.glob("out.*"):
        path.unlink()


def check_peak(tally: Tally, label: str) -> None:
    """A problem if this process has ever taken more than it may."""
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
    if peak > PEAK:
        tally.problems.append(f"{label}: {peak} MB")


def main(arguments: list[str]) -> None:
    """Child process: a bomb (ROOT FILE BUG), or mutants (ROOT FOLDER SEED START END BUG)."""
    limit_memory(LIMIT)
    root, place, bug = Path(arguments[0]), Path(arguments[1]), arguments[-1]
    plant(bug)
    tally = Tally("child")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if place.is_file():
        print(place.stem, flush=True)
        attempt(tally, place.name, root, place, "csv")
        check_peak(tally, place.name)
    else:
        seed, start, end = map(int, arguments[2:5])
        for number in range(start, end):
            given = place / "given.parquet"
            given.write_bytes(mutant(seed, number))
            if number % 50 == 0:
                print(f"about mutant {number}", flush=True)
            attempt(tally, f"mutant {number}", root, given, OUTPUTS[number % len(OUTPUTS)])
        check_peak(tally, f"mutants {start} to {end}")
    hand_over(tally)


if __name__ == "__main__":
    main(sys.argv[1:])
