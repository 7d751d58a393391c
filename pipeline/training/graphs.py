"""Steps of training as CUDA graphs: one call in place of thousands of small ones to the GPU.

A small encoder's step is a few thousand kernels of microseconds each, which the processor cannot
launch as quickly as a large GPU computes them (PyTorch's notes on CUDA graphs).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipeline.models.hardware import CUDA

if TYPE_CHECKING:
    import torch

MULTIPLE = 8
"""Lengths of batches are multiples of it on a GPU, so that there are few graphs."""


class GraphedStep:
    """Calls `compute` with tensors; on a GPU it is recorded once for each of their shapes.

    `compute` takes a whole step, the optimizer's included, and waits for nothing. It leaves no
    gradients.
    """

    def __init__(self, compute: Callable[..., None]) -> None:
        self.compute = compute
        self._seen: set[tuple[torch.Size, ...]] = set()
        self._graphs: dict[
            tuple[torch.Size, ...], tuple[torch.cuda.CUDAGraph, Sequence[torch.Tensor]]
        ] = {}

    def __call__(self, *tensors: "torch.Tensor") -> None:
        """Take a step."""
        shapes = tuple(tensor.shape for tensor in tensors)
        if tensors[0].device.type != CUDA or shapes not in self._seen:
            self._seen.add(shapes)  # the first time is a warm-up, which the libraries need
            self.compute(*tensors)
            return
        if shapes not in self._graphs:
            self._graphs[shapes] = self._record(tensors)
        graph, inputs = self._graphs[shapes]
        for place, tensor in zip(inputs, tensors, strict=True):
            place.copy_(tensor, non_blocking=True)
        graph.replay()

    def _record(
        self, tensors: "Sequence[torch.Tensor]"
    ) -> "tuple[torch.cuda.CUDAGraph, Sequence[torch.Tensor]]":
        import torch

        inputs = [tensor.clone() for tensor in tensors]
        graph = torch.cuda.CUDAGraph()
        pool = next(iter(self._graphs.values()))[0].pool() if self._graphs else None
        with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
            self.compute(*inputs)
        return graph, inputs
