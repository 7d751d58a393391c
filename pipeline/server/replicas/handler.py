"""A handler whose inference is done by replicas on a cluster."""

import threading
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts.verification import ANY, Artifact, Trust
from pipeline.cluster.shipping import Files, pack
from pipeline.errors import ResourceUnavailable, SentimentError
from pipeline.handlers.base import Handler
from pipeline.models.hardware import ALL, AUTO, CPU, CUDA, Hardware
from pipeline.models.transformer.model import TORCH
from pipeline.server.refusals import overloaded
from pipeline.server.settings import DEEP, FAST
from pipeline.workflows.explaining import Explanation

SECONDS_TO_ANSWER = 30.0
"""More than the longest deadline: a call that takes longer is lost."""


class Replicas(Protocol):
    """What has the replicas: `Applications`, or an application of Ray Serve itself."""

    def deploy(self, slot: str, digest: str, files: Files, hardware: Hardware, gpus: int) -> str:
        """Have replicas of an artifact; return a name for them."""

    def handle(self, name: str) -> Any:
        """What the replicas of this name are asked by."""

    def has_gpus(self) -> bool:
        """Whether there is a GPU for them."""

    def answering(self) -> set[str]:
        """The names of those that answer now."""

    def delete(self, name: str) -> None:
        """End them."""

    def close(self) -> None:
        """End all of them."""


class ReplicaHandler(Handler):
    """Texts are cleaned and answers made here, as by any handler; replicas compute between them.

    A call whose replica or node dies is asked again of another one, once: a text that kills its
    replica is not to kill them all.
    """

    def __init__(
        self,
        folder: Path,
        applications: Replicas,
        trust: Trust = ANY,
        hardware: Hardware = ALL,
    ) -> None:
        super().__init__(folder, trust, hardware)
        self.applications = applications

    def load_model(self, artifact: Artifact) -> None:
        """Have replicas, which are there until this handler is not; raises ResourceUnavailable."""
        gpus = int(self._computes_on_gpu(artifact))
        hardware = replace(self.hardware, threads=1, device=CUDA if gpus else CPU)
        files = pack(self.folder)
        name = self.applications.deploy(self.slot, artifact.digest, files, hardware, gpus)
        self.application, self._replicas = name, self.applications.handle(name)
        weakref.finalize(self, _retire, self.applications, name)

    def _computes_on_gpu(self, artifact: Artifact) -> bool:
        if artifact.manifest.settings.get("engine") != TORCH:
            return False
        is_asked = self.hardware.device == AUTO and self.applications.has_gpus()
        return is_asked or self.hardware.device == CUDA

    def inference(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2), as a replica computes them.

        Raises RequestRefused where too many calls wait, ResourceUnavailable where replicas die.
        """
        probabilities: NDArray[np.float64] = self._ask(self._replicas.inference, list(cleaned))
        return probabilities

    def explain(self, text: str) -> Explanation:
        """As `workflows.explaining.explain`, by a replica."""
        explanation: Explanation = self._ask(self._replicas.explain, text)
        return explanation

    def _ask(self, method: Any, argument: Any) -> Any:
        from ray.exceptions import RayActorError, RayError, RayTaskError
        from ray.serve.exceptions import BackPressureError, RayServeException

        try:
            try:
                return method.remote(argument).result(timeout_s=SECONDS_TO_ANSWER)
            except RayActorError:
                return method.remote(argument).result(timeout_s=SECONDS_TO_ANSWER)
        except BackPressureError:
            raise overloaded() from None
        except RayTaskError as error:
            if isinstance(error.cause, SentimentError):
                raise error.cause from None
            raise
        except (RayError, RayServeException, TimeoutError) as error:
            raise ResourceUnavailable(f"The cluster does not answer ({error}).") from None


class FastReplicas(ReplicaHandler):
    """Of the slot `fast`."""

    slot = FAST


class DeepReplicas(ReplicaHandler):
    """Of the slot `deep`."""

    slot = DEEP


KINDS: dict[str, type[ReplicaHandler]] = {FAST: FastReplicas, DEEP: DeepReplicas}


def _retire(applications: Replicas, name: str) -> None:
    """In a thread of its own: the one that has just let go of the handler is not to wait."""
    threading.Thread(target=applications.delete, args=(name,), daemon=True).start()
