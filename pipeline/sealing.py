"""From a run to a sealed artifact."""

from pathlib import Path

from pipeline.artifacts import parameters_in
from pipeline.golden import golden_texts
from pipeline.handlers.base import to_predictions
from pipeline.handlers.loading import load_folder
from pipeline.linear import LinearModel
from pipeline.manifest import GoldenAnswer, Manifest
from pipeline.publishing import publish
from pipeline.runs import find_run, load_run
from pipeline.text import clean

TOLERANCE = 1e-9
"""Largest difference in confidence between the sealed answers and a replay, fast model."""


def serialize(root: Path, run_id: str | None, destination: Path, key: Path | None = None) -> str:
    """Seal a run (the newest if None) into an artifact under `destination`; return its digest.

    `key`: sign it with this Ed25519 private key (PEM).

    The artifact is loaded and its golden set replayed before it becomes current. Raises
    ModelMissing where there is no such run.
    """
    run, files = load_run(find_run(root, run_id))
    model = LinearModel.from_parts(parameters_in(files), run.settings)
    manifest = Manifest(
        slot=run.slot,
        created_at=run.created_at,
        run=run.id,
        git_commit=run.git_commit,
        cleaning_version=run.cleaning_version,
        settings=run.settings,
        data=run.data,
        metrics=run.metrics,
        profile=run.profile,
        versions=run.versions,
        files=(),
        golden=_golden_answers(model),
        tolerance=TOLERANCE,
    )
    return publish(destination, manifest, files, load_folder, key)


def _golden_answers(model: LinearModel) -> tuple[GoldenAnswer, ...]:
    texts = golden_texts()
    answers = to_predictions(texts, model.probabilities([clean(text) for text in texts]))
    return tuple(GoldenAnswer(*answer) for answer in answers)
