"""What answers on a node of the cluster: a handler, loaded there from the artifact's files."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.cluster.shipping import Files, unpack
from pipeline.handlers.fast import LinearHandler
from pipeline.models.hardware import Hardware
from pipeline.workflows.explaining import Explanation, explain

T = TypeVar("T")


class Source(Protocol):
    """Where a replica gets the files of its artifact, on whichever node it is."""

    def files(self) -> Files:
        """The files."""


class Replica:
    """One of the replicas of an artifact; Ray Serve makes them, each in a process of its own.

    It is there once every byte of the artifact is verified and the golden set replayed.
    """

    def __init__(self, digest: str, source: Source, hardware: Hardware) -> None:
        # Ray Serve knows a constructor alone: what it makes is ready.
        self._handler = unpack(source.files(), digest, hardware)
        self._computing = ThreadPoolExecutor(1)

    async def inference(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""
        return await self._computed(self._handler.inference, cleaned)

    async def explain(self, text: str) -> Explanation:
        """The contributions of a text's n-grams; only for a fast model."""
        if not isinstance(self._handler, LinearHandler):
            raise TypeError("only a fast model is explained")
        return await self._computed(explain, self._handler, text)

    async def _computed(self, compute: Callable[..., T], *arguments: Any) -> T:
        """One call at a time; the replica can be asked how it is meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._computing, compute, *arguments)
