"""What the measurements share: options, corpus, pinning, a trained artifact, table rows."""

import argparse
import atexit
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from pipeline.reviews.labelled import Reviews, read_reviews
from pipeline.reviews.nsmc import TEST, TRAIN

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample.tsv"


@dataclass(frozen=True)
class Options:
    """`models`: where fitted rivals are kept from one script to the next; `json`: see `_save`."""

    quick: bool
    core: int
    models: Path
    json: Path | None


@dataclass(frozen=True)
class Corpus:
    """`data` is what `sentiment train --data` gets; `test_path` holds the reviews to score."""

    data: Path
    test_path: Path
    train: Reviews
    test: Reviews


@dataclass(frozen=True)
class Trained:
    """A folder with a current artifact; seconds of `sentiment train`, None where it was not run."""

    root: Path
    seconds: float | None


def start(description: str | None) -> tuple[Options, Corpus]:
    """Read options and corpus, pin this process, print what is measured and on which machine."""
    options = _parse(description)
    corpus = read_corpus(options.quick)
    pin(options.core)
    if options.json is not None:
        atexit.register(_save, options.json)
    print((description or "").splitlines()[0])
    print(f"{machine()}, pinned to core {options.core}")
    if options.quick:
        print("--quick: a few made-up reviews to fit on and to score; the figures mean nothing.")
    print(flush=True)
    return options, corpus


def _parse(description: str | None) -> Options:
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    first = min(os.sched_getaffinity(0))
    parser.add_argument("--quick", action="store_true", help="small sample, to see the script work")
    parser.add_argument("--core", type=int, default=os.environ.get("BENCH_CORE", first))
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--json", type=Path, help="file to write all tables to, too")
    return Options(**vars(parser.parse_args()))


def pin(core: int) -> None:
    """Keep this process and its children on one core, with one thread in every numeric library."""
    from threadpoolctl import threadpool_limits

    os.sched_setaffinity(0, {core})
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    threadpool_limits(1)  # for those that numpy has loaded by now


def read_corpus(quick: bool) -> Corpus:
    """NSMC from the folder NSMC_DIR, or the small sample as both train and test reviews."""
    if quick:
        sample = read_reviews(SAMPLE)
        return Corpus(SAMPLE, SAMPLE, sample, sample)
    folder = Path(os.environ.get("NSMC_DIR", ""))
    if "NSMC_DIR" not in os.environ or not (folder / TEST.name).is_file():
        sys.exit(
            f"NSMC_DIR must name the folder with {TRAIN.name} and {TEST.name}. Get them with "
            "`sentiment data --to data/nsmc`, then run `NSMC_DIR=data/nsmc make bench`."
        )
    train, test = read_reviews(folder / TRAIN.name), read_reviews(folder / TEST.name)
    return Corpus(folder, folder / TEST.name, train, test)


def artifacts(slot: str) -> Path | None:
    """The folder that SENTIMENT_ARTIFACTS names, if a model of this slot is in it."""
    named = Path(os.environ.get("SENTIMENT_ARTIFACTS", ""))
    return named.absolute() if (named / slot / "current.json").is_file() else None


@contextmanager
def trained(corpus: Corpus) -> Iterator[Trained]:
    """The folder SENTIMENT_ARTIFACTS if a fast model is there, else one trained and sealed now."""
    named = artifacts("fast")
    if named is not None:
        yield Trained(named, None)
        return
    with tempfile.TemporaryDirectory(prefix="sentiment-bench-") as folder:
        begin = time.perf_counter()
        _sentiment("train", "--data", str(corpus.data), "--artifacts", folder)
        seconds = time.perf_counter() - begin
        _sentiment("serialize", "--artifacts", folder)
        yield Trained(Path(folder), seconds)


def _sentiment(*arguments: str) -> None:
    """Run the installed command; what it prints goes to stderr, stdout being for the tables."""
    command = Path(sys.executable).with_name("sentiment")
    subprocess.run([command, *arguments], check=True, stdout=sys.stderr)


def machine() -> str:
    """Processor, cores and the versions that matter, in a line."""
    models = [line for line in _cpu_lines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    versions = [f"{name} {version(name)}" for name in ("numpy", "scikit-learn")]
    return f"{os.cpu_count()}-core {model}, Python {platform.python_version()}, " + ", ".join(
        versions
    )


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


_TABLES: list[list[dict[str, str]]] = []


def _save(path: Path) -> None:
    """Write the machine, the day, and each row of each printed table by its columns' names."""
    record = {"machine": machine(), "date": f"{date.today()}", "tables": _TABLES}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table: the first column to the left, figures to the right."""
    _TABLES.append([dict(zip(header, row, strict=True)) for row in rows])
    print(f"| {' | '.join(header)} |")
    print(f"|---|{'---:|' * (len(header) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(flush=True)
