"""Calibrating a fine-tuned transformer on held-out rows, alone or blended with n-grams.

The n-grams are fitted on the rows that the transformer learned from, so that neither part of the
blend has seen a held-out row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.models.base import Model
from pipeline.models.blending import NEVER, Blend, BlendedModel, DeepModel
from pipeline.models.hardware import texts_at_a_time
from pipeline.models.linear import LinearModel, log_odds
from pipeline.models.transformer.model import TransformerModel
from pipeline.models.transformer.tokens import TextEncoder
from pipeline.progress import progress_bar
from pipeline.quality.metrics import log_loss, measure
from pipeline.quality.profile import reference_profile
from pipeline.training.calibration import fit_calibration
from pipeline.training.finetuning import Examples

_LEAST = 1e-3
"""Least weight of a part, so that a part that does not help does no harm either."""

THRESHOLDS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
LABELS_CHANGED = 0.001
LOSS_ADDED = 0.002
FEWEST_ROWS = round(1 / LABELS_CHANGED)
"""Held-out rows below which such a share of changed labels does not show."""


@dataclass(frozen=True)
class RememberingTransformer(TransformerModel):
    """Computes a text's logit once, for calibrating, measuring and profiling alike."""

    known: dict[str, float] = field(default_factory=dict, repr=False)

    def logits(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Logits of cleaned texts, shape (n,): the positive output minus the negative one."""
        new = [text for text in dict.fromkeys(cleaned) if text not in self.known]
        size = texts_at_a_time(self.device)
        with progress_bar(len(new), "Answering") as bar:
            for start in range(0, len(new), size):
                part = new[start : start + size]
                self.known.update(zip(part, super().logits(part).tolist(), strict=True))
                bar.update(len(part))
        return np.array([self.known[text] for text in cleaned])


def calibrate(
    raw: TransformerModel, tokenizer: bytes, held_out: Examples
) -> RememberingTransformer:
    """The model as it is served: calibrated on the held-out rows, and reading longer texts."""
    encoder = TextEncoder(tokenizer, raw.settings.max_tokens)
    model = RememberingTransformer(raw.settings, encoder, raw.engine)
    found = fit_calibration(model.logits(held_out.texts), held_out.labels)
    return model.calibrated(found.slope, found.offset, found.tail)


def fit_blend(
    transformer: TransformerModel, ngrams: LinearModel, held_out: Examples
) -> BlendedModel:
    """The blend of both, weighted by logistic regression on the held-out rows, and calibrated.

    This is stacking (Wolpert 1992, "Stacked generalization").
    """
    logits = np.column_stack([part.logits(held_out.texts) for part in (transformer, ngrams)])
    weights = blending_weights(logits, held_out.labels)
    found = fit_calibration(logits @ weights, held_out.labels)
    first, second = (found.slope * weights).tolist()
    blend = Blend(first, second, found.offset, found.tail)
    alone = log_odds(logits[:, 1], ngrams.tail)
    threshold = cascade_threshold(alone, blend.log_odds(*logits.T), held_out.labels)
    return BlendedModel(transformer, ngrams, replace(blend, threshold=threshold))


def cascade_threshold(
    alone: NDArray[np.float64], blended: NDArray[np.float64], labels: NDArray[np.intp]
) -> float:
    """Distance of the log-odds from 0 from which the n-grams answer alone, chosen on held-out rows.

    `alone` and `blended` are the calibrated log-odds of the n-grams and of the blend, shape (n,).
    Returns the least of THRESHOLDS with which at most LABELS_CHANGED of the rows get another label
    and the log loss rises by at most LOSS_ADDED; NEVER if there is none, or fewer than FEWEST_ROWS.
    """
    if labels.size < FEWEST_ROWS:
        return NEVER
    blended_loss = log_loss(blended, labels)
    for threshold in THRESHOLDS:
        cascaded = np.where(np.abs(alone) >= threshold, alone, blended)
        changed = np.mean((cascaded > 0) != (blended > 0))
        added = log_loss(cascaded, labels) - blended_loss
        if changed <= LABELS_CHANGED and added <= LOSS_ADDED:
            return threshold
    return NEVER


def measure_parts(model: DeepModel, rows: Mapping[str, Examples]) -> dict[str, Any]:
    """Figures on rows, by their name: of the model, and of each part of a blend alone."""
    models: dict[str, Model] = {"": model}
    if isinstance(model, BlendedModel):
        models |= {"transformer_": model.transformer, "ngrams_": model.ngrams}
    return {
        f"{prefix}{name}": asdict(measure(part.labels, one.probabilities(part.texts)[:, 1]))
        for prefix, one in models.items()
        for name, part in rows.items()
    }


def profile_of(model: Model, cleaned: Sequence[str]) -> dict[str, Any]:
    """The reference profile of a model.

    The texts must not be those of training, where a model is surer than it is on any others.
    """
    positive = model.probabilities(cleaned)[:, 1]
    return reference_profile(cleaned, positive, model.coverage(cleaned))


def blending_weights(logits: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """The weight of each of two models, shape (2,), above 0; `logits` are theirs, shape (n, 2)."""
    from sklearn.linear_model import LogisticRegression

    spreads = np.maximum(logits.std(axis=0), 1e-9)
    found = LogisticRegression().fit(logits / spreads, labels).coef_[0]
    weights: NDArray[np.float64] = np.maximum(found, _LEAST) / spreads
    return weights
