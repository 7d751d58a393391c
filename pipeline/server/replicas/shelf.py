"""An actor that keeps the files of artifacts for the replicas, wherever those start."""

from dataclasses import dataclass
from typing import Any

from pipeline.cluster.shipping import Files

_NAMESPACE = "sentiment"


class Keeper:
    """What the actor is."""

    def __init__(self) -> None:
        self._files: dict[str, Files] = {}

    def put(self, key: str, files: Files) -> None:
        """Keep the files of an artifact."""
        self._files[key] = files

    def get(self, key: str) -> Files:
        """What is kept by this key."""
        return self._files[key]

    def drop(self, key: str) -> None:
        """Keep it no longer."""
        self._files.pop(key, None)

    def keys(self) -> set[str]:
        """Of all that is kept."""
        return set(self._files)


class Shelf:
    """The actor of this name, and what it should keep: one that dies gets a successor."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._files: dict[str, Files] = {}
        self._keeper = _new_keeper(name)

    def put(self, key: str, files: Files) -> None:
        """Keep the files of an artifact."""
        self._files[key] = files
        self.keep()

    def drop(self, key: str) -> None:
        """Keep them no longer."""
        self._files.pop(key, None)
        self._keeper.drop.remote(key)

    def keep(self) -> None:
        """See that there is an actor and that it has all that it should."""
        import ray

        try:
            kept = ray.get(self._keeper.keys.remote())
        except ray.exceptions.RayActorError:
            self._keeper, kept = _new_keeper(self.name), set()
        for key in self._files.keys() - kept:
            ray.get(self._keeper.put.remote(key, self._files[key]))


def _new_keeper(name: str) -> Any:
    """An actor on this machine: nothing takes it away that does not take the server, too.

    It ends with the last who holds it.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(num_cpus=0)(Keeper)
    return actor.options(name=name, namespace=_NAMESPACE, scheduling_strategy=here).remote()


@dataclass(frozen=True)
class OnShelf:
    """A source of files for replicas: what the actor of this name keeps by this key."""

    name: str
    key: str

    def files(self) -> Files:
        """Ask the actor; raises RayError where there is none."""
        import ray

        keeper: Any = ray.get_actor(self.name, _NAMESPACE)
        kept: Files = ray.get(keeper.get.remote(self.key))
        return kept
