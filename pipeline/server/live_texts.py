"""Drift of live texts: counts of them over all workers, compared with those of the training set.

A request only puts its answers into a queue; once a second each worker counts them into its own row
of shared memory; if there are very many, the newest of them. Old counts fade, so the figures are
about the last hours.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline.handlers.base import Handler, Prediction
from pipeline.labels import POSITIVE
from pipeline.quality.drift import FEWEST_TEXTS, drift
from pipeline.quality.profile import LENGTH_BINS, SCRIPT_NAMES, SHARE_BINS, text_profile
from pipeline.server.current_models import Models
from pipeline.server.metrics import Metrics
from pipeline.server.settings import DEEP, FAST
from pipeline.server.shared_memory import shared_numbers
from pipeline.text.cleaning import clean_all

FLUSH_SECONDS = 1.0
HALF_LIFE = 3600.0
"""Seconds after which a text counts half."""
MOST_WAITING = 2_048
"""Texts counted at a time, in a few milliseconds; under more load, the newest."""

_WIDTHS = {"length": LENGTH_BINS, "scripts": len(SCRIPT_NAMES), "score": SHARE_BINS, "texts": 1}
_WIDTH = sum(_WIDTHS.values())
_SLOTS = (FAST, DEEP)


class LiveTexts:
    """Counts of the texts by length, script and score; `workers` rows, each written by one.

    `metrics` is told how many texts get each label: of all of them, at once.
    """

    def __init__(self, workers: int, metrics: Metrics) -> None:
        self._metrics = metrics
        numbers = shared_numbers(workers * len(_SLOTS) * _WIDTH)
        self._counts = numbers.reshape(workers, len(_SLOTS), _WIDTH)
        self._row = 0
        self._waiting: deque[tuple[Handler, Sequence[Prediction]]] = deque()
        self._texts = 0
        self._changing = threading.Lock()
        self._models: dict[str, str] = {}
        self._faded = time.monotonic()

    def start(self, row: int) -> None:
        """Count into this row from now on, in a thread of its own."""
        self._row = row
        self._counts[row] = 0
        threading.Thread(target=self._run, name="live", daemon=True).start()

    def add(self, handler: Handler, predictions: Sequence[Prediction]) -> None:
        """Queue these answers for the next flush, in the place of old ones if there are many."""
        positive = sum([label == POSITIVE for _, label, _ in predictions])
        self._metrics.texts(handler.slot, positive, len(predictions) - positive)
        with self._changing:
            self._waiting.append((handler, predictions[-MOST_WAITING:]))
            self._texts += len(self._waiting[-1][1])
            while self._texts > MOST_WAITING:
                self._texts -= len(self._waiting.popleft()[1])

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            self.flush()

    def flush(self) -> None:
        """Count the queued answers."""
        now = time.monotonic()
        self._counts[self._row] *= 0.5 ** ((now - self._faded) / HALF_LIFE)
        self._faded = now
        with self._changing:
            waiting, self._waiting, self._texts = self._waiting, deque(), 0
        groups: dict[str, list[Prediction]] = {}
        for handler, predictions in waiting:
            self._begin(handler)
            groups.setdefault(handler.slot, []).extend(predictions)
        for slot, predictions in groups.items():
            self._count(slot, predictions)

    def _begin(self, handler: Handler) -> None:
        """After a swap, drop the counts: another model is compared with another training set."""
        if self._models.get(handler.slot) != handler.name:
            self._models[handler.slot] = handler.name
            self._counts[self._row, _SLOTS.index(handler.slot)] = 0

    def _count(self, slot: str, predictions: Sequence[Prediction]) -> None:
        cleaned = clean_all([prediction.text for prediction in predictions])
        confidences = np.array([prediction.confidence for prediction in predictions])
        is_positive = np.array([prediction.label == POSITIVE for prediction in predictions])
        profile = text_profile(cleaned, np.where(is_positive, confidences, 1.0 - confidences))
        characters = sum(map(len, cleaned))
        scripts = [profile["scripts"][name] for name in SCRIPT_NAMES]
        count = len(predictions)
        self._counts[self._row, _SLOTS.index(slot)] += np.concatenate(
            [
                np.multiply(profile["length"], count),
                np.multiply(scripts, characters),
                np.multiply(profile["score"], count),
                [count],
            ]
        )

    def profile(self, slot: str) -> dict[str, Any]:
        """Profile of a slot's texts over all workers, in the form of `text_profile`."""
        totals = self._counts[:, _SLOTS.index(slot)].sum(axis=0)
        parts = dict(
            zip(_WIDTHS, np.split(totals, np.cumsum(list(_WIDTHS.values()))), strict=False)
        )
        shares = {name: (part / max(part.sum(), 1e-12)).tolist() for name, part in parts.items()}
        scripts = dict(zip(SCRIPT_NAMES, shares["scripts"], strict=True))
        return {**shares, "scripts": scripts, "texts": float(parts["texts"][0])}

    def drift(self, models: Models) -> Collector:
        """The figures for `/metrics`: number of texts, scores, and drift of each feature."""
        return _LiveFigures(self, models)


class _LiveFigures(Collector):
    """The figures of one scrape."""

    def __init__(self, live: LiveTexts, models: Models) -> None:
        self.live, self.models = live, models

    def collect(self) -> Iterator[Metric]:
        """Figures of each slot that has a model."""
        index = GaugeMetricFamily(
            "sentiment_drift_index",
            "Population stability index of live texts against the training's.",
            labels=("slot", "feature"),
        )
        texts = GaugeMetricFamily(
            "sentiment_drift_texts", "Texts behind the index, old ones faded.", labels=("slot",)
        )
        scores = GaugeMetricFamily(
            "sentiment_live_score_share",
            "Share of live texts by P(positive), which is given as the lower edge of a tenth.",
            labels=("slot", "from"),
        )
        for slot, handler in self.models.handlers.items():
            profile = self.live.profile(slot)
            texts.add_metric((slot,), profile["texts"])
            for place, share in enumerate(profile["score"]):
                scores.add_metric((slot, f"{place / SHARE_BINS:.1f}"), share)
            if profile["texts"] >= FEWEST_TEXTS:
                for feature, value in drift(handler.artifact.manifest.profile, profile).items():
                    index.add_metric((slot, feature), value)
        yield from (index, texts, scores)
