"""File to file: `sentiment predict`, pandas with scikit-learn as people write it, and fastText.

Each side is a process of its own that reads a file made by repeating the test reviews and writes
another; rows per second are those of the whole process, start included. BENCH_ROWS is the number of
rows; left out, 1,000,000 rows are scored in three rounds, otherwise the rows are scored once. Slow
sides get fewer rows; BENCH_SIDES=ours measures `sentiment` alone. Two jobs run on the first two
cores, everything else on one. fastText gets a file of cleaned reviews. The deep model is measured
where SENTIMENT_ARTIFACTS has one.
"""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from common import Corpus, Options, artifacts, print_table, start, trained
from peaks import run
from rivals import cleaned, fitted_rivals
from sides import FASTTEXT, OURS, SKLEARN
from timing import in_turn, ratio

ROWS, ROUNDS = 1_000_000, 3
SLOWER, DEEP_ROWS = 20, 1_000
"""How many times fewer rows scikit-learn gets; how many reviews the deep model gets."""

SIDES = Path(__file__).with_name("file_sides.py")
FIRST = f"{OURS}, TSV"


@dataclass(frozen=True)
class FileSide:
    """A side by name; what `file_sides.py` gets, and how many rows it scores with that."""

    name: str
    arguments: list[str]
    rows: int


def main() -> None:
    """Make the files, run the sides in turns, print a row each."""
    available = sorted(os.sched_getaffinity(0))
    options, corpus = start(__doc__)
    total = len(corpus.test) * 2 if options.quick else int(os.environ.get("BENCH_ROWS", ROWS))
    one, two = str(options.core), ",".join(map(str, available[:2]))
    with tempfile.TemporaryDirectory() as name, trained(corpus) as ours:
        folder = Path(name)
        sides = [*our_sides(corpus, folder, ours.root, total, one, two)]
        if os.environ.get("BENCH_SIDES") != "ours":
            sides += their_sides(options, corpus, folder, total, one)
        rounds = 1 if options.quick or total > ROWS else ROUNDS
        seconds, peaks = measured(sides, rounds)
    rows = [
        [
            side.name,
            f"{side.rows:,}",
            f"{1 / median(each[0] for each in seconds[side.name]):,.0f}",
            f"{1 / min(each[0] for each in seconds[side.name]):,.0f}",
            f"{ratio(seconds, side.name, FIRST)[0]:.2f}×",
            f"{peaks[side.name]:.0f} MB",
        ]
        for side in sides
    ]
    header = ["side", "rows", "rows/s (median)", "best", "time ÷ ours (median)", "peak memory"]
    print_table(header, rows)


def measured(
    sides: list[FileSide], rounds: int
) -> tuple[dict[str, list[list[float]]], dict[str, float]]:
    """Seconds a row of each side in each round; its peak megabytes."""
    seconds: dict[str, list[list[float]]] = {side.name: [] for side in sides}
    peaks = dict.fromkeys(seconds, 0.0)
    for number in range(rounds):
        for side in in_turn(sides, number):
            took, peak = run([sys.executable, str(SIDES), *side.arguments])
            seconds[side.name].append([took / side.rows])
            peaks[side.name] = max(peaks[side.name], peak)
    return seconds, peaks


def our_sides(
    corpus: Corpus, folder: Path, root: Path, total: int, one: str, two: str
) -> Iterator[FileSide]:
    """TSV and Parquet, with one job and with two; the deep model if it is there."""
    table, rows = repeated(corpus, folder / "given.tsv", total)
    common = ["predict", "--quiet", "--artifacts", str(root), "--fast"]
    parquet = as_parquet(table, folder / "given.parquet")
    for name, given in (("TSV", table), ("Parquet", parquet)):
        for jobs, cores in (("1", one), ("2", two)):
            output = str(folder / f"{jobs}-{given.name}")
            arguments = ["ours", cores, *common, "--jobs", jobs, "--restart", str(given)]
            side = f"{OURS}, {name}" + ", 2 jobs" * (jobs == "2")
            yield FileSide(side, [*arguments, "-o", output], rows)
    if (deep := artifacts("deep")) is not None:
        few = first_rows(table, folder / "deep.tsv", rows := min(DEEP_ROWS, rows))
        options = ["predict", "--quiet", "--artifacts", str(deep), "--restart"]
        arguments = ["ours", one, *options, str(few), "-o", str(folder / "deep-scored.tsv")]
        yield FileSide(f"{OURS}, deep, TSV", arguments, rows)


def their_sides(
    options: Options, corpus: Corpus, folder: Path, total: int, one: str
) -> Iterator[FileSide]:
    """Those of the rivals that are installed."""
    models = fitted_rivals(corpus, options.models)
    if importlib.util.find_spec("pandas") is None:
        print("pandas is not installed and left out; `make bench` installs it.", flush=True)
    else:
        few, rows = repeated(corpus, folder / "few.tsv", total // SLOWER)
        arguments = ["sklearn", one, str(models[SKLEARN]), str(few), f"{folder}/sklearn.tsv"]
        yield FileSide(f"pandas, {SKLEARN}", arguments, rows)
    if FASTTEXT in models:
        texts = "".join(f"{text}\n" for text in cleaned(corpus.test))
        copies = -(-total // len(corpus.test))
        with (folder / "texts.txt").open("w", encoding="utf-8") as file:
            for _ in range(copies):
                file.write(texts)
        arguments = ["fasttext", one, str(models[FASTTEXT]), f"{folder}/texts.txt"]
        rows = copies * len(corpus.test)
        yield FileSide(FASTTEXT, [*arguments, f"{folder}/fasttext.tsv"], rows)


def repeated(corpus: Corpus, path: Path, least: int) -> tuple[Path, int]:
    """The test reviews, as often as it takes for so many rows: (the file, its rows)."""
    header, _, body = corpus.test_path.read_bytes().partition(b"\n")
    copies = -(-least // len(corpus.test))
    with path.open("wb") as file:
        file.write(header + b"\n")
        for _ in range(copies):
            file.write(body.rstrip(b"\n") + b"\n")
    return path, copies * len(corpus.test)


def as_parquet(table: Path, path: Path) -> Path:
    """The same rows as Parquet."""
    from pyarrow import csv, parquet

    settings = csv.ParseOptions(delimiter="\t", newlines_in_values=True)
    batches = csv.open_csv(table, parse_options=settings)
    with batches, parquet.ParquetWriter(path, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path


def first_rows(table: Path, path: Path, rows: int) -> Path:
    """A table of the header and so many lines."""
    with table.open("rb") as given, path.open("wb") as file:
        file.writelines(next(given) for _ in range(rows + 1))
    return path


if __name__ == "__main__":
    main()
