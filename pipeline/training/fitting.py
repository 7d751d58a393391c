"""Fitting the fast model: weighted n-gram counts, a support vector machine, calibration.

Every choice is made on rows held out of the training reviews. The chosen settings are then fitted
again on all rows. The test reviews play no part.

Reviews that teachers judged are learned from beside the labelled ones. None of them is held out.
"""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pipeline.errors import InvalidInput
from pipeline.models.feature_settings import SYLLABLE, FeatureSettings
from pipeline.models.linear import LinearModel, log_odds, logistic, quantize, root_lengths
from pipeline.progress import progress_bar
from pipeline.quality.metrics import Metrics, log_loss, measure
from pipeline.reviews.splitting import split_rows
from pipeline.training.calibration import Calibration, fit_calibration
from pipeline.training.copies import changed_copies
from pipeline.training.counts import count_matrix
from pipeline.training.rows import LABELLED, Rows, Sharing
from pipeline.training.teaching import Taught
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


TAUGHT_CANDIDATES = ((1.0, Sharing()), (2.0, Sharing()), (2.0, Sharing(0.5)))
"""Candidates for C and how much reviews count that teachers judged; `docs/experiments.md`."""


@dataclass(frozen=True)
class FittedLinear:
    """The model, the regularization chosen, and how the chosen trial did on the held-out rows.

    `sharing`: how much reviews count that teachers judged; None where there were none.
    """

    model: LinearModel
    inverse_regularization: float
    held_out: Metrics
    sharing: Sharing | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen on held-out rows, for the run's record."""
        record = {"inverse_regularization": self.inverse_regularization}
        return record if self.sharing is None else {**record, "taught": asdict(self.sharing)}


class _Trial(NamedTuple):
    """What was tried without the held-out rows: its calibration, log-odds and log loss there."""

    inverse_regularization: float
    sharing: Sharing
    calibration: Calibration
    log_odds: NDArray[np.float64]
    loss: float


def fit_linear(
    cleaned: Sequence[str],
    labels: Sequence[int],
    settings: LinearSettings,
    taught: Taught | None = None,
) -> FittedLinear:
    """Fit on n cleaned texts with labels 0 or 1. Texts that cleaning left empty are skipped.

    `taught`: reviews that teachers judged, to learn from besides; no labelled text may be among
    them. Raises InvalidInput for fewer than 40 labelled reviews or a single label.
    """
    rows = gather_rows(cleaned, labels, settings, taught)
    places = split(rows, settings)
    kept, held_out, copies = map(rows.take, places)
    del rows  # of large inputs, the counts need not be in memory twice
    if np.unique(kept.labels[~kept.is_taught]).size < 2:
        raise InvalidInput(
            "Without the held-out reviews, all have one label. Train on more different reviews."
        )
    candidates: Sequence[tuple[float, Sharing]] = TAUGHT_CANDIDATES
    if taught is None:
        candidates = [(candidate, Sharing()) for candidate in settings.inverse_regularizations]
    with progress_bar(len(candidates) + 1, "Fitting", unit=" fits") as bar:
        trials = []
        for inverse_regularization, sharing in candidates:
            trials.append(_try(kept, held_out, inverse_regularization, sharing, settings))
            bar.update(1)
        best = min(trials, key=lambda trial: trial.loss)
        rows = kept.joined(held_out).joined(copies).take(np.argsort(np.concatenate(places)))
        del kept
        final = _fit(rows, best.inverse_regularization, best.sharing, settings)
        bar.update(1)
    figures = measure(held_out.labels, logistic(best.log_odds)[:, 1])
    return FittedLinear(
        best.calibration.applied_to(final),
        best.inverse_regularization,
        figures,
        None if taught is None else best.sharing,
    )


def check_enough(cleaned: Sequence[str], labels: Sequence[int]) -> None:
    """Raise InvalidInput for fewer than 40 labelled reviews that are not empty, or one label."""
    known = [label for text, label in zip(cleaned, labels, strict=True) if text]
    if len(known) < SMALLEST_TRAINING or len(set(known)) < 2:
        raise InvalidInput(
            f"{len(known)} reviews with the labels {sorted(set(known))} are not enough to "
            f"train on: at least {SMALLEST_TRAINING} are needed, of both labels 0 and 1."
        )


def gather_rows(
    cleaned: Sequence[str], labels: Sequence[int], settings: LinearSettings, taught: Taught | None
) -> Rows:
    """Labelled texts that are not empty, changed copies, then those that teachers judged."""
    check_enough(cleaned, labels)
    used = [row for row, text in enumerate(cleaned) if text]
    texts = [cleaned[row] for row in used]
    positive = np.array([labels[row] for row in used], dtype=np.float64)
    copies, sources = changed_copies(texts, settings.seed)
    sources = np.concatenate([np.arange(len(texts)), sources])
    texts, positive = texts + copies, positive[sources]
    groups = np.full(len(texts), LABELLED)
    if taught is not None:
        texts = texts + taught.texts
        positive = np.concatenate([positive, taught.positive])
        groups = np.concatenate([groups, taught.groups])
        sources = np.concatenate([sources, np.arange(sources.size, len(texts))])
    counts, buckets = count_matrix(texts, settings.features, settings.weighting.minimum_documents)
    return Rows(texts, positive, groups, sources, counts, buckets)


def split(rows: Rows, settings: LinearSettings) -> tuple[NDArray[np.intp], ...]:
    """Of all rows: (to learn from in a trial, labelled ones held out, changed copies of those)."""
    is_copy = rows.sources != np.arange(rows.sources.size)
    labelled = np.flatnonzero(~rows.is_taught & ~is_copy)
    texts = [rows.texts[row] for row in labelled]
    _, held_out = split_rows(texts, settings.held_out, settings.seed)
    is_of_held_out = np.isin(rows.sources, held_out)
    return (
        np.flatnonzero(~is_of_held_out),
        np.flatnonzero(is_of_held_out & ~is_copy),
        np.flatnonzero(is_of_held_out & is_copy),
    )


def _try(
    kept: Rows,
    held_out: Rows,
    inverse_regularization: float,
    sharing: Sharing,
    settings: LinearSettings,
) -> _Trial:
    raw = _fit(kept, inverse_regularization, sharing, settings)
    calibration = fit_calibration(raw.logits(held_out.texts), held_out.labels)
    model = calibration.applied_to(raw)
    found = log_odds(model.logits(held_out.texts), model.tail)
    loss = log_loss(found, held_out.labels)
    return _Trial(inverse_regularization, sharing, calibration, found, loss)


def _fit(
    rows: Rows, inverse_regularization: float, sharing: Sharing, settings: LinearSettings
) -> LinearModel:
    """Fit a support vector machine by dual coordinate descent, in scikit-learn.

    The loss is the squared hinge (Hsieh et al. 2008, "A dual coordinate descent method for
    large-scale linear SVM"), which ignores reviews that are beyond the margin already.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    scales = settings.weighting.scales(rows.counts, rows.positive, sharing.weights(rows))
    matrix, norm = _scaled(rows, scales)
    examples = sharing.examples(rows)
    if examples.rows.size > len(rows.texts):
        matrix = matrix[examples.rows]
    machine = LinearSVC(
        C=inverse_regularization,
        dual=True,
        max_iter=settings.passes,
        random_state=settings.seed,
    )
    with warnings.catch_warnings():
        # The passes are few on purpose; see `LinearSettings`.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(matrix, examples.labels, sample_weight=examples.weights)
    weights = np.zeros(settings.features.bucket_count)
    weights[rows.buckets] = machine.coef_[0] * scales / norm
    steps, scale = quantize(weights)
    intercept = float(machine.intercept_[0])
    return LinearModel(steps, scale, intercept, tail=_NO_TAIL, features=settings.features)


def _scaled(rows: Rows, scales: NDArray[np.float64]) -> tuple[sparse.csr_matrix, float]:
    """Scaled counts ÷ √length ÷ root mean squared norm of the rows; and that norm."""
    values = scales[rows.counts.indices]  # changed in place, since there may be 100 million
    values *= rows.counts.data
    values /= np.repeat(root_lengths(rows.texts), np.diff(rows.counts.indptr))
    norm = float(np.sqrt(values @ values / len(rows.texts)))
    values /= norm
    parts = (values, rows.counts.indices, rows.counts.indptr)
    return sparse.csr_matrix(parts, shape=rows.counts.shape), norm
