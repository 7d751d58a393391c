"""The current artifacts of a store, answered by replicas on a cluster."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from pipeline.artifacts.pointer import artifact_in_use
from pipeline.artifacts.verification import ANY, Trust
from pipeline.cluster.connecting import check_address
from pipeline.handlers.base import Handler
from pipeline.models.hardware import ALL, Hardware
from pipeline.server.current_models import LOOK_SECONDS, StoredModels
from pipeline.server.replicas.applications import SECONDS_TO_DEPLOY, Applications
from pipeline.server.replicas.handler import KINDS, ReplicaHandler, Replicas
from pipeline.server.replicas.settings import ClusterSettings

_log = logging.getLogger(__name__)


def replicated(settings: ClusterSettings, port: int) -> Callable[..., "ReplicatedModels"]:
    """What makes the models of a server on this port.

    Raises ResourceUnavailable without Ray, or where nothing listens at the cluster's address.
    """
    check_address(settings.address)
    return partial(ReplicatedModels, Applications(settings, port))


class ReplicatedModels(StoredModels):
    """A new artifact takes over once a replica of it has started and replayed its golden set."""

    def __init__(
        self,
        applications: Replicas,
        root: Path,
        trust: Trust = ANY,
        slots: Iterable[str] | None = None,
        hardware: Hardware = ALL,
        feed: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(root, trust, slots, hardware, feed)
        self.applications = applications
        self._answering: set[str] = set()

    @property
    def are_ready(self) -> bool:
        """Whether every expected slot has a model, and each of them a replica."""
        needed = {handler.application for handler in self._replicated()}
        return super().are_ready and needed <= self._answering

    def follow(self, notify: Callable[[dict[str, str]], None]) -> None:
        """Follow the store, and the replicas, too."""
        super().follow(notify)
        threading.Thread(target=self._watch, name="replicas", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            if self.handlers:
                self._answering = self._look()

    def _look(self) -> set[str]:
        from ray.exceptions import RayError

        try:
            return self.applications.answering()
        except RayError as error:
            _log.error("cluster_lost: %s", error)
            return set()

    def wait(self, seconds: float) -> None:
        """Wait for the replicas, too, without which nothing can be answered."""
        super().wait(max(seconds, SECONDS_TO_DEPLOY))

    def stop(self) -> None:
        """End the replicas."""
        self.applications.close()

    def _survives_fork(self, slot: str) -> bool:  # noqa: ARG002
        return False  # nor does a connection to a cluster

    def _load(self, slot: str) -> Handler:
        folder = artifact_in_use(self.root, slot, self.trust)
        handler = KINDS[slot](folder, self.applications, self.trust, self.hardware)
        handler.initialize()
        self._answering = {*self._answering, handler.application}
        return handler

    def _replicated(self) -> list[ReplicaHandler]:
        return [one for one in self.handlers.values() if isinstance(one, ReplicaHandler)]
