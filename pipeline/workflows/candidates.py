"""Finding a model by what a user may call it: a slot, an artifact, a run."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.artifacts.listing import list_artifacts
from pipeline.artifacts.pointer import artifact_in_use
from pipeline.artifacts.runs import list_runs, load_run
from pipeline.errors import InvalidInput, ModelMissing
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import HANDLERS, load_folder
from pipeline.models.base import Model
from pipeline.models.hardware import ALL, Hardware
from pipeline.models.slots import load_model


@dataclass(frozen=True)
class Candidate:
    """A model and what it is called: `fast@<digest12>`, or a run's id; `size` in bytes."""

    name: str
    slot: str
    model: Model
    size: int


def find_candidate(root: Path, called: str) -> Candidate:
    """The model that is called so: a slot, for the artifact it uses; a digest or a run's id.

    The beginning of a digest or an id is enough. Raises ModelMissing where there is none,
    InvalidInput where several are meant, ArtifactRefused for an artifact that is not whole.
    """
    if called in HANDLERS:
        return of_handler(load_folder(artifact_in_use(root, called)))
    artifacts = [stored.folder for stored in list_artifacts(root)]
    runs = list_runs(root)
    found = [folder for folder in (*artifacts, *runs) if called and folder.name.startswith(called)]
    exact = [folder for folder in found if folder.name == called]
    if not found:
        raise ModelMissing(
            f"No slot, artifact or run {called!r} in {root}. See `sentiment artifacts list` and "
            "`sentiment runs`."
        )
    if len(found) > 1 and len(exact) != 1:
        names = ", ".join(folder.name[:24] for folder in found)
        raise InvalidInput(f"Several begin with {called!r}: {names}. Give more of the one meant.")
    folder = (exact or found)[0]
    return of_run(folder) if folder in runs else of_handler(load_folder(folder))


def of_handler(handler: Handler) -> Candidate:
    """The model of a loaded artifact."""
    return Candidate(handler.name, handler.slot, handler.model, handler.artifact.manifest.size)


def of_run(folder: Path, hardware: Hardware = ALL) -> Candidate:
    """The model of a run; raises InvalidInput where it is damaged."""
    run, files = load_run(folder)
    size = sum(map(len, files.values()))
    return Candidate(run.id, run.slot, load_model(run.slot, files, run.settings, hardware), size)
