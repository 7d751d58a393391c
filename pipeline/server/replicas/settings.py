"""How many replicas there are, and where."""

from dataclasses import dataclass
from typing import Any

from pipeline.server.settings import DEEP, FAST

AT_ONCE = 2
"""Calls that a replica takes: one is computed, the next is there when it is done."""
WANTED = 1
"""Calls for each replica that Ray aims at, having more replicas or fewer."""


@dataclass(frozen=True)
class ClusterSettings:
    """How many replicas each model has, and where.

    `address`: of a running cluster; None: one is run on this machine. Between `least` and `most`
    replicas are there, as the load asks. `queue`: calls that wait for a replica before the server
    answers 503.
    """

    address: str | None = None
    least: int = 1
    most: int = 1
    queue: int = 64

    @property
    def cores(self) -> int:
        """Of a cluster of this machine's, as Ray counts them.

        There is room for all replicas of both models, and of another pair that takes over from
        them: on one machine they share its cores anyway.
        """
        return 2 * 2 * self.most

    def batching(self) -> dict[str, Any]:
        """The settings of a server that asks these replicas.

        A call costs milliseconds, whatever it holds. So there is one for each replica that there
        may be: what arrives meanwhile goes into the next.
        """
        return {"batched": (FAST, DEEP), "batches_at_once": self.most}
