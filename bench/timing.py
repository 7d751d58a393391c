"""Timing several sides in turns, so that a slow spell of the machine meets them all."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

import numpy as np
from sides import Side

Batch = list[str]
Round = Sequence[Batch]
Seconds = dict[str, list[list[float]]]

T = TypeVar("T")

LIMIT_SECONDS = 150.0


def interleaved(
    sides: Mapping[str, Side], rounds: Mapping[str, Sequence[Round]], limit: float = LIMIT_SECONDS
) -> Seconds:
    """Seconds of each call, by side and round; `rounds` has each side's own texts.

    In a round every side scores all its batches before the next side's turn, as it would at work,
    its tables in the cache. Another side begins each round. Stops early after `limit` seconds.
    """
    for name, side in sides.items():
        side.score(rounds[name][0][0][:64])  # lazy imports and first allocations
    # Or a collection within one side's call would go through what the other sides have loaded.
    gc.collect()
    gc.freeze()
    seconds: Seconds = {name: [] for name in sides}
    names, end = list(sides), time.monotonic() + limit
    for number in range(len(rounds[names[0]])):
        for name in in_turn(names, number):
            score = sides[name].score
            seconds[name].append([_timed(score, batch) for batch in rounds[name][number]])
        if time.monotonic() > end:
            break
    return seconds


def in_turn(sides: Sequence[T], number: int) -> list[T]:
    """All sides of a round, another one first each time."""
    first = number % len(sides)
    return [*sides[first:], *sides[:first]]


def _timed(score: Callable[[Batch], Any], batch: Batch) -> float:
    begin = time.perf_counter()
    score(batch)
    return time.perf_counter() - begin


def batches(texts: Sequence[str], size: int, calls: int, rounds: int) -> list[Round]:
    """`rounds` rounds of `calls` batches of `size` texts, taken in order, from the top again."""
    repeated = [texts[i % len(texts)] for i in range(size * calls * rounds)]
    flat = [repeated[i : i + size] for i in range(0, len(repeated), size)]
    return [flat[i : i + calls] for i in range(0, len(flat), calls)]


def totals(rounds: list[list[float]]) -> list[float]:
    """Seconds of each round."""
    return [sum(calls) for calls in rounds]


def ratio(seconds: Seconds, rival: str, ours: str) -> tuple[float, float]:
    """How many times longer the rival took in the same round: (median, smallest) over rounds."""
    pairs = zip(totals(seconds[rival]), totals(seconds[ours]), strict=True)
    ratios = [theirs / own for theirs, own in pairs]
    return median(ratios), min(ratios)


def percentiles(rounds: list[list[float]]) -> tuple[float, float]:
    """(p50, p99) of single calls."""
    p50, p99 = np.percentile(np.concatenate(rounds), [50, 99])
    return float(p50), float(p99)
