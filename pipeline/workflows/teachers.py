"""Finding the models that judge reviews without labels."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.artifacts.pointer import current_artifact
from pipeline.artifacts.store import find_artifact
from pipeline.artifacts.verification import Trust, read_manifest
from pipeline.errors import ArtifactRefused, InvalidInput, ModelMissing
from pipeline.handlers.loading import load_folder
from pipeline.models.base import Model
from pipeline.models.hardware import Hardware
from pipeline.training.teaching import Teacher

SLOT = "deep"
_HOW = (
    "Get one with `sentiment pull`, make one with `sentiment train --deep` and `sentiment "
    "serialize`, or name another with --teacher."
)


def find_teachers(root: Path, called: Sequence[str], hardware: Hardware) -> list[Teacher]:
    """The deep models that are called so: an artifact's folder, or its digest under `root`.

    The beginning of a digest is enough; without any name it is the current deep model. None is
    loaded so far; `hardware`: what they will compute with. Raises ModelMissing where there is none,
    ArtifactRefused where a manifest cannot be read, InvalidInput for one of the slot `fast` or
    named twice.
    """
    folders = [_folder(root, name) for name in called] if called else [_current(root)]
    teachers = [_teacher(folder, hardware) for folder in folders]
    if len({teacher.digest for teacher in teachers}) < len(teachers):
        raise InvalidInput("--teacher names the same model twice. Name each once.")
    return teachers


def _current(root: Path) -> Path:
    try:
        return current_artifact(root, SLOT)
    except ModelMissing:
        raise ModelMissing(
            f"--unlabelled needs a deep model to judge the reviews. There is none in {root}/. "
            f"{_HOW}"
        ) from None


def _folder(root: Path, called: str) -> Path:
    path = Path(called).expanduser()
    if path.is_dir():
        return path
    try:
        return find_artifact(root, called)
    except ModelMissing:
        raise ModelMissing(
            f"--teacher {called}: there is no artifact with this digest in {root}/, nor a folder. "
            f"{_HOW}"
        ) from None


def _teacher(folder: Path, hardware: Hardware) -> Teacher:
    """What its manifest says of it; the artifact is verified when it is loaded."""
    try:
        manifest, digest = read_manifest(folder)
    except ArtifactRefused as error:
        raise ArtifactRefused(f"--teacher: {folder} is refused: {error}. {_HOW}") from None
    name = f"{manifest.slot}@{digest[:12]}"
    if manifest.slot != SLOT:
        raise InvalidInput(f"--teacher: {name} cannot teach, which only a deep model can. {_HOW}")
    return Teacher(name, digest, lambda: _loaded(folder, digest, hardware))


def _loaded(folder: Path, digest: str, hardware: Hardware) -> Model:
    return load_folder(folder, Trust(digest), hardware).model
