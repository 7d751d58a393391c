"""Whether a quantized model may replace the exact one: their answers are compared."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.artifacts.golden import golden_texts
from pipeline.errors import ArtifactRefused
from pipeline.models.base import Model
from pipeline.text.cleaning import clean_all

LARGEST_DISAGREEMENT = 0.01
"""Largest allowed share of texts whose label changes."""
LARGEST_LOSS = 0.003
"""Largest allowed loss of accuracy, where labels are at hand."""
MOST_TEXTS = 2000


@dataclass(frozen=True)
class Comparison:
    """How the answers differ over `texts` texts; all figures are shares, from 0 to 1.

    `disagreement`: share of texts whose label differs. `largest_difference`: of P(positive).
    `exact_accuracy` and `accuracy` are None without labelled texts.
    """

    texts: int
    disagreement: float
    largest_difference: float
    exact_accuracy: float | None = None
    accuracy: float | None = None


def check(
    precision: str,
    exact: Model,
    other: Model,
    texts: Sequence[str] = (),
    labels: Sequence[int] = (),
) -> dict[str, float | int | None]:
    """Compare both models on the golden set and the first 2,000 of `texts`, labelled by `labels`.

    `precision` is that of `other`. Returns the fields of a `Comparison`; raises ArtifactRefused
    where `other` strays too far.
    """
    texts, known = texts[:MOST_TEXTS], np.array(labels[:MOST_TEXTS])
    cleaned = clean_all([*golden_texts(), *texts])
    wanted, given = (model.probabilities(cleaned)[:, 1] for model in (exact, other))
    flips = (wanted > 0.5) != (given > 0.5)
    found = Comparison(len(cleaned), float(flips.mean()), float(np.abs(wanted - given).max()))
    if len(texts):
        right = [((p[-len(texts) :] > 0.5) == known).mean() for p in (wanted, given)]
        found = Comparison(
            found.texts, found.disagreement, found.largest_difference, *map(float, right)
        )
    _judge(precision, found, int(flips.sum()))
    return asdict(found)


def _judge(precision: str, found: Comparison, flips: int) -> None:
    loss = round((found.exact_accuracy or 0.0) - (found.accuracy or 0.0), 9)  # 0.003 is allowed
    strays = found.disagreement > LARGEST_DISAGREEMENT and flips > 1
    if strays or loss > LARGEST_LOSS:
        lost = f", and {precision} loses {100 * loss:.2f} points of accuracy"
        accuracy = lost if found.accuracy is not None else ""
        raise ArtifactRefused(
            f"{precision} gives {100 * found.disagreement:.2f} % of {found.texts} texts another "
            f"label than fp32{accuracy}; at most {100 * LARGEST_DISAGREEMENT:.0f} % and "
            f"{100 * LARGEST_LOSS:.1f} points are allowed. Use --precision fp32."
        )
