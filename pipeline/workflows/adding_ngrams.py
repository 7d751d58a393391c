"""Adding the n-grams of the current fast model to a pulled classifier, where that helps.

Both are known to err on different reviews (`training.stacking`). What is fitted here are the two
weights, the calibration and the cascade, on the labelled reviews; never the n-grams themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.pointer import artifact_in_use
from pipeline.artifacts.summaries import figures
from pipeline.errors import InvalidInput, SentimentError
from pipeline.handlers.fast import LinearHandler
from pipeline.models.base import Model
from pipeline.models.blending import NEVER, BlendedModel
from pipeline.models.feature_settings import SYLLABLE
from pipeline.models.linear import log_odds
from pipeline.quality.metrics import measure
from pipeline.reviews.labelled import Reviews, Tell
from pipeline.text.cleaning import clean_all
from pipeline.training.finetuning import Examples
from pipeline.training.stacking import fit_blend, measure_parts, profile_of
from pipeline.workflows.measuring import DEVIATIONS, Measured

SMALLEST_PROBABILITY = 1e-15
"""What a label that a model rules out counts as, so that its logarithm is finite."""

NO_HELP = "help no more than chance may"


def find_ngrams(root: Path, reviews: Reviews, wanted: bool, tell: Tell) -> LinearHandler | None:
    """The fast model in use under `root`; None where its n-grams are not to be added, and why.

    `wanted`: they are asked for. What speaks against them is told then, and what forbids it raised:
    InvalidInput where the fast model was trained on these very reviews; what loading raises.
    """
    try:
        handler = LinearHandler(artifact_in_use(root, LinearHandler.slot))
        handler.initialize()
        _refuse_training_file(handler, reviews)
    except SentimentError as error:
        if wanted:
            raise
        tell(f"Not blended. {error}")
        return None
    objection = _tokenizer(handler) or _memory(handler, reviews)
    if objection and not wanted:
        tell(f"Not blended. {objection} --blend does it all the same.")
        return None
    if objection:
        tell(objection)
    return handler


def _name(handler: LinearHandler) -> str:
    return f"{handler.name} (built-in)" if handler.is_builtin else handler.name


def _refuse_training_file(handler: LinearHandler, reviews: Reviews) -> None:
    data = handler.artifact.manifest.data
    learned = [facts for part, facts in data.items() if part != "test"]
    if reviews.sha256 in _digests(learned):
        raise InvalidInput(
            f"{_name(handler)} was trained on this very file of --reviews, of which its n-grams "
            "are too sure. Give reviews that it has not seen, or --no-blend."
        )


def _digests(facts: object) -> Iterator[str]:
    """Each sha256 in what a manifest says of its data."""
    if isinstance(facts, Mapping):
        yield str(facts.get("sha256"))
        facts = list(facts.values())
    if isinstance(facts, list):
        for one in facts:
            yield from _digests(one)


def _tokenizer(handler: LinearHandler) -> str:
    """What to say of an analyzer that every machine would need; nothing without one."""
    tokenizer = handler.model.features.tokenizer
    if tokenizer == SYLLABLE:
        return ""
    return (
        f"The n-grams of {_name(handler)} need the tokenizer {tokenizer} wherever the deep model "
        "is served."
    )


def _memory(handler: LinearHandler, reviews: Reviews) -> str:
    """What to say where the fast model seems to have learned from some of the reviews."""
    tested = figures(handler.artifact.manifest)
    if tested is None:
        return ""
    positive = handler.model.probabilities(clean_all(reviews.texts))[:, 1]
    found = measure(np.array(reviews.labels), positive).accuracy
    expected = float(tested["accuracy"])
    deviation = np.sqrt(expected * (1 - expected) * (1 / len(reviews) + 1 / tested["reviews"]))
    if found - expected <= DEVIATIONS * deviation:
        return ""
    return (
        f"{_name(handler)} is right on {found:.1%} of the reviews and was on {expected:.1%} of its "
        "own test: it seems to have learned from them, and would count for too much."
    )


def add_ngrams(measured: Measured, handler: LinearHandler, wanted: bool, tell: Tell) -> Measured:
    """The classifier blended with the n-grams, if that helps or is `wanted`; which of it is told.

    Fitted on the half that calibrated, the blend is measured on the other one; it helps if the mean
    loss falls there by more than chance explains. What is given back is fitted on both halves.
    """
    fitting, measuring = Examples.of(measured.calibrating), Examples.of(measured.reviews)
    half = fit_blend(measured.transformer, handler.model, fitting)
    told, helps = _compare(measured.transformer, half, measuring)
    if not helps and not wanted:
        tell(f"Not blended. The n-grams of {_name(handler)} {NO_HELP}: {told}")
        return measured
    both = Examples(
        [*fitting.texts, *measuring.texts], np.concatenate([fitting.labels, measuring.labels])
    )
    blend = fit_blend(measured.transformer, handler.model, both)
    tell(
        f"Blended with the n-grams of {_name(handler)}{'' if helps else f', which {NO_HELP}'}: "
        f"{told} {_cascade(blend, both)}"
    )
    manifest = handler.artifact.manifest
    return replace(
        measured,
        blend=blend,
        metrics=measure_parts(half, {"held_out": measuring}),
        profile=profile_of(blend, measuring.texts),
        data={"ngrams": {"artifact": handler.artifact.digest, "data": manifest.data}},
    )


def _compare(transformer: Model, blend: Model, rows: Examples) -> tuple[str, bool]:
    """What the blend changes on these rows, in words; whether the loss falls beyond chance."""
    alone, blended = (part.probabilities(rows.texts) for part in (transformer, blend))
    losses = [_losses(answers, rows.labels) for answers in (alone, blended)]
    gains = losses[0] - losses[1]
    right = [float(((part[:, 1] > 0.5) == rows.labels).mean()) for part in (alone, blended)]
    told = (
        f"accuracy {right[0]:.2%} alone, {right[1]:.2%} blended, log loss {losses[0].mean():.4f} "
        f"and {losses[1].mean():.4f}, on the held-out half, {rows.labels.size:,} reviews."
    )
    return told, bool(gains.mean() > DEVIATIONS * gains.std() / np.sqrt(gains.size))


def _losses(probabilities: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.float64]:
    """-log P(label) of each of n rows, shape (n,), from probabilities of shape (n, 2)."""
    given: NDArray[np.float64] = probabilities[np.arange(labels.size), labels]
    return -np.log(np.maximum(given, SMALLEST_PROBABILITY))


def _cascade(blend: BlendedModel, rows: Examples) -> str:
    """How often the n-grams answer alone, in words."""
    if blend.blend.threshold == NEVER:
        return "The transformer is always asked."
    alone = np.abs(log_odds(blend.ngrams.logits(rows.texts), blend.ngrams.tail))
    share = float((alone >= blend.blend.threshold).mean())
    return f"The n-grams answer {share:.0%} of the reviews alone."
