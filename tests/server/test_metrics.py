"""Metrics over workers: rows of one shared table, and the text that a scrape gets."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.artifacts.pointer import current_artifact
from pipeline.handlers.base import Handler, Prediction
from pipeline.server.app import create_app
from pipeline.server.current_models import Models
from pipeline.server.live_texts import LiveTexts
from pipeline.server.metrics import Metrics
from pipeline.server.observing import ROUTES
from pipeline.server.settings import ServerSettings
from tests.support.stand_in import StandIn

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def read(metrics: Metrics) -> dict[str, float]:
    """What a scrape gets, by name and the values of the labels, sorted by their names."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        " ".join((sample.name, *dict(sorted(sample.labels.items())).values())): sample.value
        for family in families
        for sample in family.samples
    }


def in_child(act: object, metrics: Metrics, row: int) -> None:
    """Call `act` in a process of its own, which writes to this row and then dies."""
    child = os.fork()
    if child == 0:
        metrics.start(row)
        act()  # type: ignore[operator]
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_every_metric_that_is_documented_is_there() -> None:
    told = set(Path("docs/http.md").read_text("utf-8").split("`"))
    shown = metrics_and_types(Metrics(ROUTES))
    drift = {"sentiment_live_score_share", "sentiment_drift_index", "sentiment_drift_texts"}
    assert set(shown) == {name for name in told if name.startswith("sentiment_")} - drift
    assert shown["sentiment_requests_total"] == "counter"
    assert shown["sentiment_request_seconds"] == "histogram"
    assert shown["sentiment_model_info"] == "gauge"


def metrics_and_types(metrics: Metrics) -> dict[str, str]:
    lines = metrics.exposition().decode().splitlines()
    return dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))  # type: ignore[misc]


def test_what_has_not_happened_is_not_shown() -> None:
    assert read(Metrics(ROUTES)) == {
        "sentiment_requests_in_flight": 0.0,
        "sentiment_log_lines_lost_total": 0.0,
    }


def test_a_histogram_is_cumulative() -> None:
    metrics = Metrics(ROUTES)
    for seconds in (0.001, 0.0011, 99.0):
        metrics.request("/predict", "200", "fast", seconds)
    shown = read(metrics)
    name = "sentiment_request_seconds"
    buckets = [value for key, value in shown.items() if key.startswith(f"{name}_bucket")]
    assert (buckets, len(buckets)) == ([0.0, 1.0, *[2.0] * 13, 3.0], 16)
    assert shown[f"{name}_count /predict fast"] == 3.0
    assert shown[f"{name}_sum /predict fast"] == pytest.approx(99.0021)


def test_what_is_unknown_counts_as_other() -> None:
    metrics = Metrics(ROUTES)
    metrics.request("/secret", "299", "none", 0.1)
    metrics.refused(408)
    shown = read(metrics)
    assert shown["sentiment_requests_total other none other"] == 1.0
    assert shown["sentiment_requests_total none none 408"] == 1.0
    assert shown["sentiment_request_seconds_count other none"] == 1.0


@needs_fork
def test_rows_are_summed_over_processes() -> None:
    metrics = Metrics(ROUTES, rows=3)
    for row in range(3):
        in_child(lambda: metrics.texts("fast", positive=2, negative=1), metrics, row)
    metrics.texts("fast", positive=1, negative=0)
    shown = read(metrics)
    assert shown["sentiment_texts_total positive fast"] == 7.0
    assert shown["sentiment_texts_total negative fast"] == 3.0


@needs_fork
def test_counts_of_a_dead_worker_stay_and_its_gauges_go() -> None:
    metrics = Metrics(ROUTES, rows=2)

    def act() -> None:
        metrics.in_flight(3)
        metrics.batch("deep", 32)
        metrics.show_models({"fast": "fast@0123456789ab"})

    in_child(act, metrics, 1)
    assert read(metrics)["sentiment_model_info 0123456789ab fast"] == 1.0
    metrics.bury(1)
    assert read(metrics)["sentiment_requests_in_flight"] == 0.0
    assert "sentiment_model_info 0123456789ab fast" not in read(metrics)
    in_child(act, metrics, 1)
    in_child(act, metrics, 1)
    shown = read(metrics)
    assert shown["sentiment_requests_in_flight"] == 3.0
    assert shown["sentiment_batch_texts_count deep"] == 3.0
    assert shown["sentiment_batch_texts_sum deep"] == 96.0


def test_workers_are_counted_by_their_artifact() -> None:
    metrics = Metrics(ROUTES, rows=3)
    for row, digest in enumerate(("ffffffffffff", "ffffffffffff", "00000000000a")):
        metrics.start(row)
        metrics.show_models({"deep": f"deep@{digest}"})
    shown = read(metrics)
    assert shown["sentiment_model_info ffffffffffff deep"] == 2.0
    assert shown["sentiment_model_info 00000000000a deep"] == 1.0
    metrics.show_models({})
    assert "sentiment_model_info 00000000000a deep" not in read(metrics)


def test_threads_lose_nothing() -> None:
    metrics = Metrics(ROUTES)

    def count() -> None:
        for _ in range(10_000):
            metrics.request("/predict", "200", "fast", 0.5)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(count) for _ in range(8)]:
            future.result()
    shown = read(metrics)
    assert shown["sentiment_requests_total /predict fast 200"] == 80_000.0
    assert shown["sentiment_request_seconds_sum /predict fast"] == 40_000.0


def test_all_texts_are_counted_and_the_newest_profiled(handler: Handler) -> None:
    metrics = Metrics(ROUTES)
    live = LiveTexts(1, metrics)
    for number in range(30):
        label = "positive" if number else "negative"
        live.add(handler, [Prediction("굿" if number else "a" * 300, label, 0.9)] * 1000)
    live.flush()
    shown = read(metrics)
    assert shown["sentiment_texts_total positive fast"] == 29_000.0
    assert shown["sentiment_texts_total negative fast"] == 1_000.0
    profile = live.profile("fast")
    assert 1_000 < profile["texts"] <= 2_048
    assert profile["scripts"]["hangul"] == 1.0


def test_each_route_of_the_application_is_told_apart(handler: Handler, sample_root: Path) -> None:
    deep = StandIn(current_artifact(sample_root, "fast"))
    app = create_app(Models({"fast": handler, "deep": deep}), ServerSettings(sagemaker=True))
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert {rule.rpartition("/")[0] if "<" in rule else rule for rule in rules} == set(ROUTES)
