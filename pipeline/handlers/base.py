"""The base of all handlers: initialize once, then preprocess, inference, postprocess."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import builtin
from pipeline.artifacts.leases import hold_lease
from pipeline.artifacts.manifest import GoldenAnswer
from pipeline.artifacts.verification import ANY, Artifact, Trust, load_artifact
from pipeline.errors import ArtifactRefused
from pipeline.handlers.prediction import Prediction as Prediction
from pipeline.handlers.unsure import NEVER, sealed_threshold
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.models.base import Model
from pipeline.models.hardware import ALL, CPU, Hardware
from pipeline.text.cleaning import clean_all

AFTER_TRIAL = 4
"""Golden texts that are replayed where another process has replayed all of them."""

# Like `Prediction._make`, but without its check of the length, which takes most of the time.
_new_prediction: Callable[[tuple[str, str, float]], Prediction] = partial(tuple.__new__, Prediction)

_NEGATIVE, _POSITIVE = np.array(NEGATIVE, dtype=object), np.array(POSITIVE, dtype=object)


class Handler(ABC):
    """Answers texts with a sealed artifact.

    `folder` is that of the artifact, `trust` what is demanded of it, `hardware` what the deep model
    computes with. Nothing is read before `initialize`.

    `unsure_below`: the confidence under which the doors label an answer `unsure` where a request
    names no other; `handle` itself never does.
    """

    slot: ClassVar[str]
    is_tried_first: ClassVar[bool] = False
    """Whether its artifacts are loaded in a child process first (`handlers.trial`)."""
    model: Model
    unsure_below: float = NEVER

    def __init__(self, folder: Path, trust: Trust = ANY, hardware: Hardware = ALL) -> None:
        self.folder = folder
        self.trust = trust
        self.hardware = hardware

    def initialize(self) -> None:
        """Load the model and replay its golden set; raises ArtifactRefused if a check fails."""
        self.use(load_artifact(self.folder, self.slot, self.trust))

    def use(self, artifact: Artifact, tried: bool = False) -> None:
        """Like `initialize`, with an artifact that was read and verified already.

        The bytes of its files are not kept, since the model is built from them. `tried`: another
        process of this machine has just replayed the whole golden set; a few texts do here.
        """
        self.artifact = replace(artifact, files={})
        self.unsure_below = sealed_threshold(artifact.manifest.settings)
        hold_lease(self, self.folder)
        self.load_model(artifact)
        golden = artifact.manifest.golden
        was_here = tried and self.device == CPU  # a trial is one of the CPU
        self.replay(golden[:AFTER_TRIAL] if was_here else golden, artifact.manifest.tolerance)

    @classmethod
    def survives_fork(cls, settings: Mapping[str, Any]) -> bool:  # noqa: ARG003 - for subclasses
        """Whether an artifact with these settings, loaded before a fork, also works in the child.

        What has threads, locks, processes of its own, or a GPU, does not.
        """
        return False

    def threshold(self, unsure_below: float | None) -> float:
        """The confidence under which answers are labelled `unsure`; None: as it was sealed."""
        return self.unsure_below if unsure_below is None else unsure_below

    @property
    def is_builtin(self) -> bool:
        """Whether this is the model inside the package, which nobody here has made current."""
        return self.folder == builtin.FOLDER

    @property
    def device(self) -> str:
        """The kind of device that computes."""
        return self.model.device

    @property
    def name(self) -> str:
        """The name of what answers: slot and the first 12 digits of the artifact's digest."""
        return f"{self.slot}@{self.artifact.digest[:12]}"

    @abstractmethod
    def load_model(self, artifact: Artifact) -> None:
        """Build the model from the artifact's verified bytes."""

    def handle(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer n texts with n predictions in order; no text fails, an empty one included."""
        return self.postprocess(texts, self.inference(self.preprocess(texts)))

    def preprocess(self, texts: Sequence[str]) -> list[str]:
        """Clean the texts as they were cleaned for training."""
        return clean_all(texts)

    @abstractmethod
    def inference(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""

    def postprocess(
        self, texts: Sequence[str], probabilities: NDArray[np.float64]
    ) -> list[Prediction]:
        """Pair each text as given with its likelier label and that label's probability."""
        return to_predictions(texts, probabilities)

    def replay(self, golden: Sequence[GoldenAnswer], tolerance: float) -> None:
        """Answer the golden texts again; ArtifactRefused if an answer is not the sealed one."""
        answers = self.handle([expected.text for expected in golden])
        for number, (expected, answer) in enumerate(zip(golden, answers, strict=True)):
            if problem := expected.difference(answer.label, answer.confidence, tolerance):
                raise ArtifactRefused(
                    f"{self.folder} does not give the answers it was sealed with (golden text "
                    f"{number}: {problem}). Serialize the run again."
                )


def to_predictions(texts: Sequence[str], probabilities: NDArray[np.float64]) -> list[Prediction]:
    """Predictions of n texts from probabilities of shape (n, 2); an exact tie is negative."""
    labels, confidences = (column.tolist() for column in labels_and_confidences(probabilities))
    return list(map(_new_prediction, zip(texts, labels, confidences, strict=True)))


def labels_and_confidences(
    probabilities: NDArray[np.float64],
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """The likelier label and its probability, shape (n,) each; an exact tie is negative."""
    negative, positive = probabilities.T
    labels = np.where(positive > negative, _POSITIVE, _NEGATIVE)
    return labels, np.maximum(negative, positive)
