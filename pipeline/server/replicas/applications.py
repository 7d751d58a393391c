"""Applications of Ray Serve, each the replicas of one artifact."""

import itertools
import logging
import socket
import threading
import time
import uuid
from contextlib import ExitStack
from typing import Any

from pipeline.cluster.connecting import connected
from pipeline.cluster.shipping import Files
from pipeline.errors import ResourceUnavailable
from pipeline.models.hardware import Hardware
from pipeline.server.replicas.replica import Replica
from pipeline.server.replicas.settings import AT_ONCE, WANTED, ClusterSettings
from pipeline.server.replicas.shelf import OnShelf, Shelf

SECONDS_TO_DEPLOY = 120.0
"""For the first replica of an artifact, on a cluster that may have to start a machine for it."""
SECONDS_TO_LEAVE = 30.0
"""For what a replica has under way when it is to go: more than the longest deadline."""


class Applications:
    """Those of one server, which `port` tells from others of this machine.

    They end with the server; what one that was killed has left is removed by its successor.
    """

    def __init__(self, settings: ClusterSettings, port: int) -> None:
        self.settings = settings
        self.owner = f"sentiment-{socket.gethostname()}-{port}"
        self._numbers = itertools.count(1)
        self._ending = ExitStack()
        self._changing = threading.Lock()
        self._ray: Any = None
        self._serve: Any = None
        self._shelf: Shelf

    def connect(self) -> None:
        """Connect to the cluster, unless that is done; raises ResourceUnavailable."""
        with self._changing:
            if self._serve is None:
                with ExitStack() as connecting:
                    address, cores = self.settings.address, self.settings.cores
                    self._ray = connecting.enter_context(connected(address, cores))
                    self._shelf = Shelf(f"{self.owner}-{uuid.uuid4().hex}")
                    serve = _started_serve()
                    self._delete_all(serve, waits=True)
                    self._ending = connecting.pop_all()
                self._serve = serve

    def deploy(self, slot: str, digest: str, files: Files, hardware: Hardware, gpus: int) -> str:
        """Have replicas of an artifact; return the application's name once there is one.

        Raises ResourceUnavailable where none comes up.
        """
        self.connect()
        name = f"{self.owner}-{slot}-{digest[:12]}-{next(self._numbers)}"
        self._shelf.put(name, files)
        replicas = deployment(slot, self.settings, hardware, gpus).bind(
            digest, OnShelf(self._shelf.name, name), hardware
        )
        target = self._serve.RunTarget(replicas, name=name, route_prefix=None)
        try:
            self._serve.run_many([target], wait_for_applications_running=False)
            self._wait(name)
        except BaseException:
            self.delete(name)
            raise
        return name

    def handle(self, name: str) -> Any:
        """What the replicas of an application are asked by."""
        return self._serve.get_app_handle(name)

    def has_gpus(self) -> bool:
        """Whether any node of the cluster has one."""
        self.connect()
        return bool(self._ray.cluster_resources().get("GPU"))

    def answering(self) -> set[str]:
        """Names of the applications that have a replica now; raises RayError without a cluster."""
        with self._changing:
            if self._serve is None:
                return set()
            self._shelf.keep()
            applications = self._serve.status().applications
            return {name for name, state in applications.items() if replicas_running(state)}

    def delete(self, name: str) -> None:
        """End an application, once what its replicas have under way is done."""
        with self._changing:
            if self._serve is not None:
                self._serve.delete(name, _blocking=False)
                self._shelf.drop(name)

    def close(self) -> None:
        """End all of them, and the cluster if it is this machine's."""
        with self._changing:
            if self._serve is not None and self.settings.address is not None:
                self._delete_all(self._serve, waits=False)
            self._serve = None  # Ray connects anew where it is asked for anything
            self._ending.close()

    def _delete_all(self, serve: Any, waits: bool) -> None:
        for name in list(serve.status().applications):
            if name.startswith(f"{self.owner}-"):
                serve.delete(name, _blocking=waits)

    def _wait(self, name: str) -> None:
        ends = time.monotonic() + SECONDS_TO_DEPLOY
        while time.monotonic() < ends:
            state = self._serve.status().applications.get(name)
            if state is not None and replicas_running(state):
                return
            if state is not None and state.status == "DEPLOY_FAILED":
                raise ResourceUnavailable(f"No replica of {name} starts: {_reason(state)}.")
            time.sleep(0.1)
        raise ResourceUnavailable(
            f"No replica of {name} has started within {SECONDS_TO_DEPLOY:.0f} s. While one model "
            "takes over from another, the cluster needs room for both: see `ray status`."
        )


def deployment(slot: str, settings: ClusterSettings, hardware: Hardware, gpus: int) -> Any:
    """Replicas of the model of a slot, with these threads and GPUs each, to be bound."""
    from ray import serve

    scaling = {
        "min_replicas": settings.least,
        "max_replicas": settings.most,
        "target_ongoing_requests": WANTED,
    }
    replicas = serve.deployment(
        name=slot,
        autoscaling_config=scaling,
        max_ongoing_requests=AT_ONCE,
        max_queued_requests=settings.queue,
        graceful_shutdown_timeout_s=SECONDS_TO_LEAVE,
        ray_actor_options={"num_cpus": hardware.threads or 1, "num_gpus": gpus},
    )
    return replicas(Replica)


def _started_serve() -> Any:
    from ray import serve
    from ray.serve.config import ProxyLocation

    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.start(proxy_location=ProxyLocation.Disabled)  # the doors are ours
    return serve


def _reason(application: Any) -> str:
    """The last line of what it says, which is a traceback."""
    lines = "\n".join(one.message for one in application.deployments.values()).split("\n")
    return [line for line in lines if line.strip()][-1].strip()


def replicas_running(application: Any) -> dict[str, int]:
    """How many replicas answer, by deployment; of the application's state, those with any."""
    running = {
        name: one.replica_states.get("RUNNING", 0) for name, one in application.deployments.items()
    }
    return {name: count for name, count in running.items() if count}
