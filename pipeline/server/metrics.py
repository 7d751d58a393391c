"""The metrics of `GET /metrics`, over all workers.

`Metrics` is made before the fork. Each worker counts into its own row of memory that they share, so
that a scrape of any of them shows all, and no file is left of a worker that has ended.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.server.measures import (
    BATCH,
    LATENCY,
    MODEL,
    NONE,
    OTHER,
    QUEUE_WAIT,
    SLOTS,
    STATUSES,
    measures,
)
from pipeline.server.metrics_table import Table

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics(Collector):
    """What the workers count; `routes` are those that are told apart, `rows` for one worker each.

    Until `start` is called, row 0 is written.
    """

    def __init__(self, routes: Iterable[str], rows: int = 1) -> None:
        named = {*routes, OTHER, NONE}
        self._routes, self._statuses = frozenset(named), frozenset(STATUSES)
        measured = measures(sorted(named))
        # All but the models, whose digests the table has as numbers.
        self._plain = [measure.name for measure in measured if measure.name != MODEL]
        self._table = table = Table(measured, rows)
        self._requests = table.places("sentiment_requests")
        self._seconds = table.places("sentiment_request_seconds")
        self._texts = table.places("sentiment_texts")
        self._batches = table.places("sentiment_batch_texts")
        self._waits = table.places("sentiment_queue_wait_seconds")
        self._in_flight = table.places("sentiment_requests_in_flight")[()]
        self._models = table.places(MODEL)
        self._captured = table.places("sentiment_captured_texts")
        self._lost_lines = table.places("sentiment_log_lines_lost")[()]

    def start(self, row: int) -> None:
        """Write to this row from now on, in the worker that has it; its counts go on."""
        self._table.clear_gauges(row)
        self._table.use(row)

    def bury(self, row: int) -> None:
        """Set the gauges of a worker that has ended to 0; its counts stay."""
        self._table.clear_gauges(row)

    def request(self, route: str, status: str, slot: str, seconds: float) -> None:
        """A request was answered so many seconds after its last byte."""
        route = route if route in self._routes else OTHER
        status = status if status in self._statuses else OTHER
        self._table.add(self._requests[route, status, slot])
        self._table.observe(self._seconds[route, slot], LATENCY, seconds)

    def refused(self, status: int) -> None:
        """A request was refused before the application was asked."""
        known = str(status) if str(status) in self._statuses else OTHER
        self._table.add(self._requests[NONE, known, NONE])

    def texts(self, slot: str, positive: int, negative: int) -> None:
        """So many texts were labelled."""
        self._table.add(self._texts[slot, POSITIVE], positive)
        self._table.add(self._texts[slot, NEGATIVE], negative)

    def batch(self, slot: str, size: int) -> None:
        """So many texts went through the model together."""
        self._table.observe(self._batches[slot,], BATCH, size)

    def queue_wait(self, slot: str, seconds: float) -> None:
        """The first text of a request went into a batch after so many seconds."""
        self._table.observe(self._waits[slot,], QUEUE_WAIT, seconds)

    def in_flight(self, count: int) -> None:
        """So many requests are under way in this worker now."""
        self._table.set(self._in_flight, count)

    def captured(self, outcome: str, count: int) -> None:
        """So many texts drawn for the sample were written, or lost."""
        self._table.add(self._captured[outcome,], count)

    def log_line_lost(self, count: int = 1) -> None:
        """So many lines of the log could not be written."""
        self._table.add(self._lost_lines, count)

    def show_models(self, names: Mapping[str, str]) -> None:
        """Show that the worker answers with these models now: `slot@digest` by slot."""
        for slot in SLOTS:
            digest = names.get(slot, "").partition("@")[2]
            # 12 hexadecimal digits are 48 bits, of 53 that a float holds exactly.
            self._table.set(self._models[slot,], int(digest or "0", 16))

    def exposition(self, *collectors: Collector) -> bytes:
        """All metrics in Prometheus' text format, those of `collectors` last."""
        registry = CollectorRegistry(auto_describe=False)
        for collector in (self, *collectors):
            registry.register(collector)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """The sums over all rows."""
        yield from self._table.families(self._plain)
        models = GaugeMetricFamily(
            MODEL,
            "Workers that answer with this artifact.",
            labels=("slot", "digest"),
        )
        digests = self._table.rows_of(MODEL)
        for slot, column in zip(SLOTS, digests.T, strict=True):
            for number, workers in Counter(int(number) for number in column if number).items():
                models.add_metric((slot, f"{number:012x}"), workers)
        yield models
