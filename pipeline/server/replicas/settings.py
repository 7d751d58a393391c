"""How many replicas there are, and where."""

from dataclasses import dataclass
from typing import Any

from pipeline.server.settings import DEEP, FAST

AT_ONCE = 2
"""Calls that a replica takes: one is computed, the next is there when it is done."""


@dataclass(frozen=True)
class ClusterSettings:
    """How many replicas each model has, and where.

    `address`: of a running cluster; None: one is run on this machine. Between `least` and `most`
    replicas are there, as the load asks. `queue`: calls that wait for a replica before the server
    answers 503; None: as many as it makes at once.
    """

    address: str | None = None
    least: int = 1
    most: int = 1
    queue: int | None = None

    @property
    def calls_at_once(self) -> int:
        """Calls, each of a batch: enough for all replicas, and to be seen where they are few."""
        return (AT_ONCE + 1) * self.most

    def batching(self) -> dict[str, Any]:
        """The settings of a server that asks these replicas."""
        return {"batched": (FAST, DEEP), "batches_at_once": self.calls_at_once}
