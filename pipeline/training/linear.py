"""Fitting the fast model: weighted n-gram counts, logistic regression, calibration.

Every choice is made on rows held out of the training reviews. What was chosen is then fitted again
on all of them. The test reviews are not seen here.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.errors import InvalidInput
from pipeline.features import FeatureSettings
from pipeline.linear import LinearModel, logistic, quantize, root_lengths
from pipeline.metrics import Metrics, measure
from pipeline.progress import progress_bar
from pipeline.training.counts import count_matrix
from pipeline.training.splitting import split_rows
from pipeline.training.weighting import Weighting

SMALLEST_TRAINING = 40


@dataclass(frozen=True)
class LinearSettings:
    """How the fast model is fitted.

    `inverse_regularizations`: candidates for the C of the logistic regression, for rows of mean
    squared norm 1; the best on held-out rows is taken. `passes`: sweeps of the solver over the
    rows; more of them leave held-out accuracy as it is. `held_out`: share of rows that choose and
    calibrate.
    """

    features: FeatureSettings = field(default_factory=FeatureSettings)
    weighting: Weighting = field(default_factory=Weighting)
    inverse_regularizations: tuple[float, ...] = (4.0, 12.0)
    passes: int = 12
    held_out: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class FittedLinear:
    """The model, the regularization chosen, and how the chosen trial did on the held-out rows."""

    model: LinearModel
    inverse_regularization: float
    held_out: Metrics


@dataclass(frozen=True)
class _Rows:
    """Cleaned texts, their counts (n, buckets) and labels (n,)."""

    texts: list[str]
    counts: sparse.csr_matrix
    labels: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Self:
        texts = [self.texts[row] for row in rows]
        return replace(self, texts=texts, counts=self.counts[rows], labels=self.labels[rows])


def fit_linear(
    cleaned: Sequence[str], labels: Sequence[int], settings: LinearSettings
) -> FittedLinear:
    """Fit on n cleaned texts with labels 0 or 1. Texts that cleaning left empty are passed over.

    Raises InvalidInput for fewer than 40 reviews or a single label.
    """
    rows = _featurize(cleaned, labels, settings.features)
    kept, held_out = map(rows.take, split_rows(rows.texts, settings.held_out, settings.seed))
    candidates = settings.inverse_regularizations
    with progress_bar(len(candidates) + 1, "Fitting", unit=" fits") as bar:
        trials = []
        for candidate in candidates:
            trials.append((candidate, *_fit_and_calibrate(kept, held_out, candidate, settings)))
            bar.update(1)
        chosen, trial, calibration = min(trials, key=lambda t: _log_loss(t[1], held_out))
        model = _fit(rows, chosen, settings).calibrated(*calibration)
        bar.update(1)
    figures = measure(held_out.labels, trial.probabilities(held_out.texts)[:, 1])
    return FittedLinear(model, chosen, figures)


def _featurize(cleaned: Sequence[str], labels: Sequence[int], features: FeatureSettings) -> _Rows:
    used = [row for row, text in enumerate(cleaned) if text]
    texts, kept = [cleaned[row] for row in used], np.array([labels[row] for row in used], np.intp)
    if len(texts) < SMALLEST_TRAINING or np.unique(kept).size < 2:
        raise InvalidInput(
            f"{len(texts)} reviews with the labels {sorted(set(kept.tolist()))} are not enough to "
            f"train on: at least {SMALLEST_TRAINING} are needed, of both labels 0 and 1."
        )
    return _Rows(texts, count_matrix(texts, features), kept)


def _fit_and_calibrate(
    kept: _Rows, held_out: _Rows, inverse_regularization: float, settings: LinearSettings
) -> tuple[LinearModel, tuple[float, float]]:
    model = _fit(kept, inverse_regularization, settings)
    calibration = platt(model.logits(held_out.texts), held_out.labels)
    return model.calibrated(*calibration), calibration


def _fit(rows: _Rows, inverse_regularization: float, settings: LinearSettings) -> LinearModel:
    """Logistic regression by dual coordinate descent (Yu, Huang and Lin 2011), in scikit-learn."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    scales = settings.weighting.scales(rows.counts, rows.labels)
    used = np.flatnonzero(scales)
    matrix, norm = _scaled(rows, scales, used)
    regression = LogisticRegression(
        C=inverse_regularization,
        solver="liblinear",
        dual=True,
        max_iter=settings.passes,
        random_state=settings.seed,
    )
    with warnings.catch_warnings():
        # The passes are few on purpose: see LinearSettings.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(matrix, rows.labels)
    weights = np.zeros(settings.features.bucket_count)
    weights[used] = regression.coef_[0] * scales[used] / norm
    steps, scale = quantize(weights)
    return LinearModel(steps, scale, float(regression.intercept_[0]), settings.features)


def _scaled(
    rows: _Rows, scales: NDArray[np.float64], used: NDArray[np.intp]
) -> tuple[sparse.csr_matrix, float]:
    """The used columns, scaled, over √length and the root mean squared norm, which is returned."""
    counts = rows.counts
    columns = np.full(scales.size, -1, dtype=np.int32)
    columns[used] = np.arange(used.size, dtype=np.int32)
    column = columns[counts.indices]
    kept = column >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[counts.indptr]
    roots = np.repeat(root_lengths(rows.texts), np.diff(counts.indptr))
    values = (counts.data * scales[counts.indices] / roots)[kept]
    norm = float(np.sqrt(values @ values / len(rows.texts)))
    return sparse.csr_matrix(
        (values / norm, column[kept], ends), shape=(len(rows.texts), used.size)
    ), norm


def platt(logits: NDArray[np.float64], labels: NDArray[np.intp]) -> tuple[float, float]:
    """Slope and offset that calibrate logits (Platt 1999), fitted on held-out rows.

    Raises InvalidInput where the logits do not rise with the labels: nothing was learned.
    """
    from sklearn.linear_model import LogisticRegression

    if np.unique(labels).size < 2:
        raise InvalidInput("The held-out reviews have one label only. Train on more reviews.")
    regression = LogisticRegression(C=1e6).fit(logits[:, None], labels)
    slope, offset = float(regression.coef_[0, 0]), float(regression.intercept_[0])
    if slope <= 0:
        raise InvalidInput(
            "The model does no better than chance on held-out reviews. Are the labels right?"
        )
    return slope, offset


def _log_loss(model: LinearModel, rows: _Rows) -> float:
    likelihoods = logistic(model.logits(rows.texts))[np.arange(rows.labels.size), rows.labels]
    return float(-np.log(likelihoods).mean())
