"""Time of a call with 1, 32 and all reviews on one core, and memory, for the three sides.

The sides are those of bench_fast_throughput.py, in one process, in turns. Memory is measured
separately, each side in a fresh process that imports nothing of the others.
"""

from collections.abc import Sequence
from statistics import median

import memory
from common import Corpus, print_table, start, trained
from rivals import cleaned, fitted_rivals
from sides import OURS, Side, load
from timing import batches, interleaved, percentiles, totals

CALLS = {1: 200, 32: 20}
"""Reviews in a call: calls in a round."""

ROUNDS = 10
ALL_ROUNDS = 3


def main() -> None:
    """Fit or load the sides, time them in turns, weigh them, print a row each."""
    options, corpus = start(__doc__)
    rivals = fitted_rivals(corpus, options.models)
    with trained(corpus) as ours:
        paths = {OURS: ours.root, **rivals}
        weights = {
            name: memory.measure(name, path, corpus.test_path) for name, path in paths.items()
        }
        sides = {name: load(name, path) for name, path in paths.items()}
    rounds = 1 if options.quick else ROUNDS
    columns = [small_calls(sides, corpus, size, rounds) for size in CALLS]
    columns.append(one_call(sides, corpus))
    count = f"{len(corpus.test):,}"
    header = ["side", "1 review: p50", "p99", "32 reviews: p50", "p99", f"{count} reviews: median"]
    header += ["peak memory, loaded", f"{count} scored"]
    print_table(header, [[name, *flat(columns, name), *megabytes(weights[name])] for name in sides])


def texts_of(sides: dict[str, Side], corpus: Corpus) -> dict[str, list[str]]:
    """Each side's texts: as they are for ours, cleaned beforehand for the others."""
    ready = cleaned(corpus.test)
    return {name: corpus.test.texts if name == OURS else ready for name in sides}


def small_calls(
    sides: dict[str, Side], corpus: Corpus, size: int, rounds: int
) -> dict[str, list[str]]:
    """p50 and p99 of calls with `size` reviews, in milliseconds, by side."""
    texts = texts_of(sides, corpus)
    work = {name: batches(texts[name], size, CALLS[size], rounds) for name in sides}
    seconds = interleaved(sides, work)
    return {
        name: [f"{1000 * second:.3f} ms" for second in percentiles(seconds[name])] for name in sides
    }


def one_call(sides: dict[str, Side], corpus: Corpus) -> dict[str, list[str]]:
    """Median seconds of a call with all reviews, by side."""
    texts = texts_of(sides, corpus)
    seconds = interleaved(sides, {name: [[texts[name]]] * ALL_ROUNDS for name in sides})
    return {name: [f"{median(totals(seconds[name])):.2f} s"] for name in sides}


def flat(columns: Sequence[dict[str, list[str]]], name: str) -> list[str]:
    """One side's cells of all columns."""
    return [cell for column in columns for cell in column[name]]


def megabytes(weights: tuple[float, float]) -> list[str]:
    """The two peaks as cells."""
    return [f"{weight:,.0f} MB" for weight in weights]


if __name__ == "__main__":
    main()
