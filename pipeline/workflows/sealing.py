"""Sealing a run into an artifact."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.artifacts.golden import golden_texts
from pipeline.artifacts.manifest import GoldenAnswer, Manifest
from pipeline.artifacts.publishing import publish
from pipeline.artifacts.runs import Run, find_run, load_run
from pipeline.artifacts.verification import CARD
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.handlers.base import to_predictions
from pipeline.handlers.loading import check_folder
from pipeline.handlers.trial import try_run
from pipeline.handlers.unsure import SETTING
from pipeline.models.base import Model
from pipeline.models.hardware import CPU, Hardware
from pipeline.models.slots import load_model
from pipeline.models.transformer.model import (
    BF16,
    FP32,
    INT8,
    ONNX,
    PRECISIONS,
    TOLERANCES,
    TORCH,
    TransformerSettings,
)
from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import clean_all
from pipeline.workflows import quantization_gate
from pipeline.workflows.model_card import model_card

ON_CPU = Hardware(device=CPU)
"""What is sealed is the answers of the CPU in fp32, wherever the model will run."""

TOLERANCE = 1e-9
"""Largest difference in confidence between a sealed answer and its replay, for the fast model."""


@dataclass(frozen=True)
class Form:
    """How a deep model is sealed: the engine that runs it, and the precision of its numbers.

    Without a precision it is the engine's usual one. `reviews`: labelled reviews on which int8 or
    bf16 is compared with fp32, beside the golden set.
    """

    engine: str = ONNX
    precision: str = ""
    reviews: Reviews | None = None

    def __post_init__(self) -> None:
        if not self.precision:
            object.__setattr__(self, "precision", PRECISIONS[self.engine][0])


def serialize(
    root: Path,
    run_id: str | None,
    destination: Path,
    key: Path | None = None,
    form: Form | None = None,
    only_fast: bool = False,
    unsure_below: float | None = None,
) -> str:
    """Seal a run (the newest if None) into an artifact under `destination`; return its digest.

    `key`: sign it with this Ed25519 private key (PEM). `form`: how to seal a deep model.
    `unsure_below`: the confidence under which its answers are labelled `unsure` by default.

    The artifact is loaded and its golden set replayed before it becomes current. Raises
    ModelMissing where there is no such run, ArtifactRefused where int8 strays from fp32.
    """
    folder = find_run(root, run_id)
    run, files = load_run(folder)
    tolerance = TOLERANCE
    if run.slot == "fast" and form is not None:
        raise InvalidInput(
            f"The run {run.id} is of the fast model, which has one form: leave out --engine, "
            "--precision and --reviews."
        )
    if run.slot != "fast" and only_fast:
        raise InvalidInput(
            f"The run {run.id} is of the deep model, which cannot be a scikit-learn pipeline: "
            "leave out --also."
        )
    if run.slot == "deep":
        try_run(folder)
        run, files, tolerance = _in_form(run, files, form or Form())
    if unsure_below is not None:
        run = replace(run, settings={**run.settings, SETTING: unsure_below})
    model = load_model(run.slot, files, run.settings, ON_CPU)
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
        tolerance=tolerance,
    )
    files = {**files, CARD: model_card(manifest).encode()}
    return publish(destination, manifest, files, check_folder, key)


def _golden_answers(model: Model) -> tuple[GoldenAnswer, ...]:
    texts = golden_texts()
    answers = to_predictions(texts, model.probabilities(clean_all(texts)))
    return tuple(GoldenAnswer(*answer) for answer in answers)


def _in_form(run: Run, files: dict[str, bytes], form: Form) -> tuple[Run, dict[str, bytes], float]:
    """The run and its files in the form to seal, and the tolerance of its answers."""
    if form.engine == TORCH:
        return *_in_torch(run, files, form), TOLERANCES[form.precision]
    from pipeline.models.transformer.export import export_files, quantize_files

    exact_files, exact_settings = export_files(files), _settings(run, form.engine, FP32)
    exact = load_model(run.slot, exact_files, exact_settings)
    _check_export(load_model(run.slot, files, run.settings, ON_CPU), exact)
    if form.precision == FP32:
        return replace(run, settings=exact_settings), exact_files, TOLERANCES[FP32]
    small_files, settings = quantize_files(exact_files), _settings(run, form.engine, INT8)
    small = load_model(run.slot, small_files, settings)
    return _less_exact(run, settings, exact, small, form), small_files, TOLERANCES[INT8]


def _in_torch(run: Run, files: dict[str, bytes], form: Form) -> tuple[Run, dict[str, bytes]]:
    """The run and its files as they are; bf16 is compared with fp32 on this machine's device."""
    if form.precision == FP32:
        return run, files
    settings = _settings(run, form.engine, BF16)
    exact = load_model(run.slot, files, run.settings)
    small = load_model(run.slot, files, settings, Hardware(emulates=True))
    return _less_exact(run, settings, exact, small, form), files


def _less_exact(run: Run, settings: dict[str, Any], exact: Model, small: Model, form: Form) -> Run:
    """The run with these settings; ArtifactRefused where its model strays from the exact one."""
    reviews = form.reviews or Reviews([], [], "")
    figures = quantization_gate.check(form.precision, exact, small, reviews.texts, reviews.labels)
    return replace(run, settings=settings, metrics={**run.metrics, form.precision: figures})


def _settings(run: Run, engine: str, precision: str) -> dict[str, Any]:
    settings = TransformerSettings.from_record(run.settings)
    return {**run.settings, **replace(settings, engine=engine, precision=precision).to_record()}


def _check_export(original: Model, exported: Model) -> None:
    texts = clean_all(golden_texts())
    difference = abs(original.probabilities(texts) - exported.probabilities(texts)).max()
    if not difference <= TOLERANCES[FP32]:
        raise ArtifactRefused(
            f"In ONNX the model answers differently (by {difference:.5f}). Use --engine torch."
        )
