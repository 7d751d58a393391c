"""The trial of a deep model: loaded and asked in a child process before it is loaded in this one.

Its tokenizer and its network are read and run by libraries in C++ and Rust, where a small file can
ask for any amount of memory or time, or end the process.
"""

from pathlib import Path

from pipeline.artifacts.golden import golden_texts
from pipeline.artifacts.manifest import Manifest
from pipeline.artifacts.runs import load_run
from pipeline.artifacts.verification import (
    ANY,
    NETWORK,
    Trust,
    load_artifact,
    read_manifest,
)
from pipeline.confinement import Confinement, Limits, NotSurvived
from pipeline.errors import ArtifactRefused
from pipeline.handlers.deep import TransformerHandler
from pipeline.models.hardware import CPU, Hardware
from pipeline.models.slots import load_model
from pipeline.models.transformer.network_limits import check_network
from pipeline.text.cleaning import clean_all

MEMORY, MEMORY_TIMES = 2**30, 8
"""Bytes that a trial may take, and how many more for each byte of the model's files."""

PROCESSOR_SECONDS, PROCESSOR_SECONDS_PER_MEGABYTE = 20, 0.2
SECONDS, SECONDS_PER_MEGABYTE = 28, 0.6
"""How long a trial may last, and how much longer for each megabyte of the files."""

HARDWARE = Hardware(threads=2, device=CPU)
"""Of a trial: sixteen threads that wait for each other would use up its processor time."""

ONNX = ("pipeline.models.transformer.onnx_engine", "onnxruntime", "tokenizers")
"""What an artifact in ONNX is run with, in the order in which it has to be imported."""

ONNX_TRIALS = Confinement(*ONNX, __name__)
TORCH_TRIALS = Confinement(
    *("tokenizers", "safetensors.torch", "transformers.models.auto.tokenization_auto"),
    *("transformers.convert_slow_tokenizer", "transformers.models.bert.modeling_bert", __name__),
)
"""The child processes, for the models of either engine."""


def limits_for(size: int) -> Limits:
    """What the trial of a deep model may take whose files have so many bytes."""
    megabytes = size / 2**20
    return Limits(
        memory=MEMORY + MEMORY_TIMES * size,
        processor_seconds=PROCESSOR_SECONDS + round(PROCESSOR_SECONDS_PER_MEGABYTE * megabytes),
        seconds=SECONDS + round(SECONDS_PER_MEGABYTE * megabytes),
    )


def trials_for(manifest: Manifest) -> Confinement:
    """The child process for an artifact's engine; it stays for the next trial."""
    return ONNX_TRIALS if NETWORK in {entry.path for entry in manifest.files} else TORCH_TRIALS


def try_artifact(folder: Path, trust: Trust = ANY) -> tuple[Manifest, str]:
    """Load a deep artifact and replay its golden set in a child; return its manifest and digest.

    Raises ModelMissing, or ArtifactRefused with the limit that was passed, if it was that.
    """
    manifest, digest = read_manifest(folder)
    arguments = {
        "folder": str(folder.absolute()),
        "digest": digest,
        "trust": trust.to_record(),
    }
    limits = limits_for(sum(entry.size for entry in manifest.files))
    try:
        trials_for(manifest).call(f"{__name__}:replay_artifact", arguments, limits)
    except NotSurvived as death:
        raise NotSurvived(
            f"{folder} is refused: {death}. Whoever made it may mean harm: use another artifact."
        ) from None
    return manifest, digest


def replay_artifact(folder: str, digest: str, trust: dict[str, str | None]) -> None:
    """In the child process: what the parent will do with the artifact of this digest."""
    artifact = load_artifact(Path(folder), TransformerHandler.slot, Trust.from_record(trust))
    if artifact.digest != digest:
        raise ArtifactRefused(f"{folder} was changed while it was read. Try again.")
    if NETWORK in artifact.files:
        check_network(artifact.files[NETWORK])
    TransformerHandler(Path(folder), hardware=HARDWARE).use(artifact)


def try_run(folder: Path) -> None:
    """Load the deep model of a run in a child process, and have it answer the golden texts.

    Raises ArtifactRefused if it cannot, or with the limit that it passed.
    """
    size = sum(path.stat().st_size for path in folder.iterdir())
    try:
        TORCH_TRIALS.call(
            f"{__name__}:answer_run", {"folder": str(folder.absolute())}, limits_for(size)
        )
    except NotSurvived as death:
        raise NotSurvived(f"{folder} is refused: {death}. Train or pull it again.") from None


def answer_run(folder: str) -> None:
    """In the child process: what the parent will do with the run."""
    run, files = load_run(Path(folder))
    load_model(run.slot, files, run.settings, HARDWARE).probabilities(clean_all(golden_texts()))
