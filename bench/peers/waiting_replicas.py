"""`sentiment serve --engine ray` whose replicas take 100 ms a call, as a device elsewhere might.

They wait and then compute, so that one machine shows how the server's part grows with replicas.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from pipeline.server.replicas.replica import Replica

SECONDS = 0.1


class Waiting(Replica):
    """A replica in front of a slow device."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._device = asyncio.Lock()

    async def inference(self, cleaned: Sequence[str]) -> Any:
        """Probabilities, after a while; one call at a time, as a device takes them."""
        async with self._device:
            await asyncio.sleep(SECONDS)
            return await super().inference(cleaned)


if __name__ == "__main__":
    from waiting_replicas import Waiting as Imported  # by this name the nodes find it

    from cli.main import main
    from pipeline.server.replicas import applications

    applications.Replica = Imported
    main(sys.argv[1:])
