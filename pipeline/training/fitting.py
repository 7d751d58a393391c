"""Fitting the fast model: weighted n-gram counts, a support vector machine, calibration.

Every choice is made on rows held out of the training reviews. The chosen settings are then fitted
again on all rows. The test reviews play no part.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.errors import InvalidInput
from pipeline.models.feature_settings import SYLLABLE, FeatureSettings
from pipeline.models.linear import LinearModel, quantize, root_lengths
from pipeline.progress import progress_bar
from pipeline.quality.metrics import Metrics, measure
from pipeline.reviews.splitting import split_rows
from pipeline.training.calibration import fit_calibration
from pipeline.training.counts import count_matrix, frequent_columns, keep_columns
from pipeline.training.weighting import Weighting

SMALLEST_TRAINING = 40
_NO_TAIL = 1e9


@dataclass(frozen=True)
class LinearSettings:
    """How the fast model is fitted.

    `inverse_regularizations`: candidates for the C of the support vector machine, for rows of mean
    squared norm 1; the best on held-out rows is used. `passes`: sweeps of the solver over the rows;
    more do not improve held-out accuracy. `held_out`: share of rows for choosing and calibrating.
    """

    features: FeatureSettings = field(default_factory=FeatureSettings)
    weighting: Weighting = field(default_factory=Weighting)
    inverse_regularizations: tuple[float, ...] = (0.5, 0.75)
    passes: int = 12
    held_out: float = 0.1
    seed: int = 0


BITS_WITH_MORPHEMES = (18, 23, 22, 22, 21)
"""There are more different morphemes, and pairs of them, than characters and pairs of them."""


def features_for(tokenizer: str) -> FeatureSettings:
    """The default features of a tokenizer: with morphemes, unless it is "syllable"."""
    if tokenizer == SYLLABLE:
        return FeatureSettings()
    return FeatureSettings(bits=BITS_WITH_MORPHEMES, tokenizer=tokenizer)


@dataclass(frozen=True)
class FittedLinear:
    """The model, the regularization chosen, and how the chosen trial did on the held-out rows."""

    model: LinearModel
    inverse_regularization: float
    held_out: Metrics


@dataclass(frozen=True)
class _Rows:
    """n cleaned texts, their labels (n,), their counts (n, columns), and each column's bucket."""

    texts: list[str]
    labels: NDArray[np.intp]
    counts: sparse.csr_matrix
    buckets: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Self:
        texts = [self.texts[row] for row in rows]
        return replace(self, texts=texts, counts=self.counts[rows], labels=self.labels[rows])


def fit_linear(
    cleaned: Sequence[str], labels: Sequence[int], settings: LinearSettings
) -> FittedLinear:
    """Fit on n cleaned texts with labels 0 or 1. Texts that cleaning left empty are skipped.

    Raises InvalidInput for fewer than 40 reviews or a single label.
    """
    rows = _featurize(cleaned, labels, settings)
    kept, held_out = map(rows.take, split_rows(rows.texts, settings.held_out, settings.seed))
    if np.unique(kept.labels).size < 2:
        raise InvalidInput(
            "Without the held-out reviews, all have one label. Train on more different reviews."
        )
    candidates = settings.inverse_regularizations
    with progress_bar(len(candidates) + 1, "Fitting", unit=" fits") as bar:
        trials = []
        for candidate in candidates:
            raw = _fit(kept, candidate, settings)
            calibration = fit_calibration(raw.logits(held_out.texts), held_out.labels)
            trials.append((candidate, calibration, calibration.applied_to(raw)))
            bar.update(1)
        chosen, calibration, trial = min(trials, key=lambda t: _log_loss(t[2], held_out))
        model = calibration.applied_to(_fit(rows, chosen, settings))
        bar.update(1)
    figures = measure(held_out.labels, trial.probabilities(held_out.texts)[:, 1])
    return FittedLinear(model, chosen, figures)


def _featurize(cleaned: Sequence[str], labels: Sequence[int], settings: LinearSettings) -> _Rows:
    used = [row for row, text in enumerate(cleaned) if text]
    texts, kept = [cleaned[row] for row in used], np.array([labels[row] for row in used], np.intp)
    if len(texts) < SMALLEST_TRAINING or np.unique(kept).size < 2:
        raise InvalidInput(
            f"{len(texts)} reviews with the labels {sorted(set(kept.tolist()))} are not enough to "
            f"train on: at least {SMALLEST_TRAINING} are needed, of both labels 0 and 1."
        )
    counts = count_matrix(texts, settings.features)
    buckets = frequent_columns(counts, settings.weighting.minimum_documents)
    return _Rows(texts, kept, keep_columns(counts, buckets), buckets)


def _fit(rows: _Rows, inverse_regularization: float, settings: LinearSettings) -> LinearModel:
    """Fit a support vector machine by dual coordinate descent, in scikit-learn.

    The loss is the squared hinge (Hsieh et al. 2008, "A dual coordinate descent method for
    large-scale linear SVM"), which ignores reviews that are beyond the margin already.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    scales = settings.weighting.scales(rows.counts, rows.labels)
    matrix, norm = _scaled(rows, scales)
    machine = LinearSVC(
        C=inverse_regularization,
        dual=True,
        max_iter=settings.passes,
        random_state=settings.seed,
    )
    with warnings.catch_warnings():
        # The passes are few on purpose; see `LinearSettings`.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(matrix, rows.labels)
    weights = np.zeros(settings.features.bucket_count)
    weights[rows.buckets] = machine.coef_[0] * scales / norm
    steps, scale = quantize(weights)
    intercept = float(machine.intercept_[0])
    return LinearModel(steps, scale, intercept, tail=_NO_TAIL, features=settings.features)


def _scaled(rows: _Rows, scales: NDArray[np.float64]) -> tuple[sparse.csr_matrix, float]:
    """Scaled counts ÷ √length ÷ root mean squared norm of the rows; and that norm."""
    roots = np.repeat(root_lengths(rows.texts), np.diff(rows.counts.indptr))
    values = rows.counts.data * scales[rows.counts.indices] / roots
    norm = float(np.sqrt(values @ values / len(rows.texts)))
    parts = (values / norm, rows.counts.indices, rows.counts.indptr)
    return sparse.csr_matrix(parts, shape=rows.counts.shape), norm


def _log_loss(model: LinearModel, rows: _Rows) -> float:
    likelihoods = model.probabilities(rows.texts)[np.arange(rows.labels.size), rows.labels]
    return float(-np.log(likelihoods).mean())
