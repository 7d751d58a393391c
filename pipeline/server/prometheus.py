"""The metrics of `GET /metrics`, over all workers: each writes to its own files in one folder.

`PROMETHEUS_MULTIPROC_DIR` must name that folder before this module is imported, which `running.py`
does; without it the figures are those of this process.
"""

import os
from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST

REQUESTS = Counter("sentiment_requests", "Requests answered.", ("route", "status", "slot"))
LATENCY = Histogram(
    "sentiment_request_seconds",
    "From the last byte of a request to its answer.",
    ("route", "slot"),
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
)
TEXTS = Counter("sentiment_texts", "Texts labelled.", ("slot", "label"))
BATCH_SIZE = Histogram(
    "sentiment_batch_texts",
    "Texts that went through the model together.",
    ("slot",),
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
QUEUE_WAIT = Histogram(
    "sentiment_queue_wait_seconds",
    "How long a request waited for its first text to go into a batch.",
    ("slot",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
)
IN_FLIGHT = Gauge(
    "sentiment_requests_in_flight", "Requests under way.", multiprocess_mode="livesum"
)
MODEL = Gauge(
    "sentiment_model_info",
    "Workers that answer with this artifact.",
    ("slot", "digest"),
    multiprocess_mode="livesum",
)


_shown: set[tuple[str, str]] = set()


def show_models(names: Mapping[str, str]) -> None:
    """Set MODEL to the artifacts that this process answers with, given their names by slot."""
    now = {(slot, name.partition("@")[2]) for slot, name in names.items()}
    for labels in _shown | now:
        MODEL.labels(*labels).set(labels in now)
    _shown.update(now)


def exposition(*collectors: Collector) -> bytes:
    """All metrics in Prometheus' text format, those of `collectors` last."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + _of(collectors)
    return generate_latest(REGISTRY) + _of(collectors)


def _of(collectors: tuple[Collector, ...]) -> bytes:
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)
