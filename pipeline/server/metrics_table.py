"""Counts of all workers in one table of shared memory: a row a worker, a column a number.

Every column is known before the fork, so that counting takes neither files nor memory while the
server runs. A worker writes to its own row only; whoever is asked adds the rows up.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from pipeline.server.shared_memory import shared_numbers

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """A metric before it has numbers: `series` are all values that its `labels` can take.

    `bounds`: the upper bounds of a histogram's buckets, without the infinite one.
    """

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    about: str
    labels: Labels = ()
    series: Sequence[Labels] = ((),)
    bounds: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """Columns of one series: of a histogram, its buckets, the infinite one and the sum."""
        return len(self.bounds) + 2 if self.kind == "histogram" else 1


class Table:
    """The numbers of these measures; thread-safe within a worker, and each row has one worker."""

    def __init__(self, measures: Sequence[Measure], rows: int) -> None:
        widths = [measure.width * len(measure.series) for measure in measures]
        starts = list(accumulate(widths, initial=0))
        self._starts = {one.name: start for one, start in zip(measures, starts, strict=False)}
        self._measures = {measure.name: measure for measure in measures}
        self._numbers = shared_numbers(rows * starts[-1]).reshape(rows, starts[-1])
        self._lock = threading.Lock()
        self.use(0)

    def use(self, row: int) -> None:
        """Write to this row from now on."""
        # Reading and writing one number takes a third of the time that it takes numpy.
        self._row = memoryview(self._numbers[row]).cast("B").cast("d")

    def clear_gauges(self, row: int) -> None:
        """Set the gauges of a row to 0; its counters and histograms go on from where they are."""
        for name, measure in self._measures.items():
            if measure.kind == "gauge":
                self._numbers[row, self._columns(name)] = 0

    def places(self, name: str) -> dict[Labels, int]:
        """The first column of each of a measure's series."""
        measure, start = self._measures[name], self._starts[name]
        return {labels: start + n * measure.width for n, labels in enumerate(measure.series)}

    def _columns(self, name: str) -> slice:
        measure, start = self._measures[name], self._starts[name]
        return slice(start, start + measure.width * len(measure.series))

    def add(self, place: int, amount: float = 1.0) -> None:
        """Add to a counter or a gauge."""
        with self._lock:
            self._row[place] += amount

    def set(self, place: int, value: float) -> None:
        """Set a gauge."""
        self._row[place] = value

    def observe(self, place: int, bounds: tuple[float, ...], value: float) -> None:
        """Count a value into the bucket of a histogram and add it to the sum."""
        bucket = place + bisect_left(bounds, value)
        with self._lock:
            self._row[bucket] += 1.0
            self._row[place + len(bounds) + 1] += value

    def rows_of(self, name: str) -> NDArray[np.float64]:
        """The numbers of a measure that is no histogram: worker by series."""
        return self._numbers[:, self._columns(name)].copy()

    def families(self, names: Sequence[str]) -> Iterator[Metric]:
        """These measures as a scrape shows them: summed over the rows, series of zeros left out.

        A measure without labels is always shown: its series is never new to who watches it.
        """
        for name in names:
            measure = self._measures[name]
            totals = self._numbers[:, self._columns(name)].sum(axis=0)
            yield _family(measure, totals.reshape(len(measure.series), measure.width))


def _family(measure: Measure, totals: NDArray[np.float64]) -> Metric:
    pairs = zip(measure.series, totals.tolist(), strict=True)
    shown = [(labels, numbers) for labels, numbers in pairs if any(numbers) or not measure.labels]
    if measure.kind == "histogram":
        histogram = HistogramMetricFamily(measure.name, measure.about, labels=measure.labels)
        edges = [*(str(float(bound)) for bound in measure.bounds), "+Inf"]
        for labels, (*counts, total) in shown:
            # The count is that of the buckets, so that it fits them while a worker is writing.
            buckets = list(zip(edges, accumulate(counts), strict=True))
            histogram.add_metric(labels, buckets, total)
        return histogram
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    family = kind(measure.name, measure.about, labels=measure.labels)
    for labels, (number,) in shown:
        family.add_metric(labels, number)
    return family
