"""The optimizer of an encoder: AdamW, with a learning rate for each layer."""

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pipeline.models.hardware import CUDA

if TYPE_CHECKING:
    import torch

_LAYER = re.compile(r"\.layers?\.(\d+)\.")
BETAS = (0.9, 0.98)


def make_optimizer(
    module: "torch.nn.Module", rate: float, layer_decay: float, weight_decay: float
) -> "torch.optim.AdamW":
    """AdamW whose groups hold their peak learning rate; no decay of biases and layer norms.

    `rate` is that of the top layer; each layer below has `layer_decay` times the rate of the one
    above it, the classifier twice that of the top. The present rates are tensors, so that a GPU
    reads them when it takes a step that was recorded before.
    """
    import torch

    top = max(_layer(name) for name, _ in module.named_parameters())
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = defaultdict(list)
    for name, parameter in module.named_parameters():
        layer = _layer(name)
        is_head = layer == -1 and "embeddings" not in name
        share = 2.0 if is_head else layer_decay ** (top - layer)
        groups[rate * share, weight_decay if parameter.ndim > 1 else 0.0].append(parameter)
    device = next(module.parameters()).device
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "weight_decay": decay,
                "peak": peak,
                "lr": torch.tensor(peak, device=device),
            }
            for (peak, decay), parameters in groups.items()
        ],
        betas=BETAS,
        fused=device.type == CUDA,
        capturable=device.type == CUDA,
        foreach=False,
    )


def set_rate(optimizer: "torch.optim.Optimizer", share: float) -> None:
    """Set the learning rates to this share of their peaks."""
    for group in optimizer.param_groups:
        group["lr"].fill_(group["peak"] * share)


def step(optimizer: "torch.optim.Optimizer", largest_gradient: float) -> None:
    """Take a step with gradients of at most this norm, and forget them."""
    import torch

    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, largest_gradient)
    optimizer.step()
    optimizer.zero_grad()


def restore(optimizer: "torch.optim.Optimizer", state: dict[str, object]) -> None:
    """Load a state that was saved, whatever device it was saved on."""
    optimizer.load_state_dict(state)
    for group in optimizer.param_groups:
        group["lr"] = group["lr"].to(group["params"][0].device)


def _layer(name: str) -> int:
    """Number of the layer that a parameter belongs to; −1 outside the layers."""
    found = _LAYER.search(name)
    return int(found[1]) if found else -1
