"""Accelerators: finding one, and what it stands."""

from typing import TYPE_CHECKING

from pipeline.errors import ResourceUnavailable
from pipeline.models.hardware import AUTO, CPU, CUDA, MPS, Hardware
from pipeline.models.transformer.libraries import needs_extra

if TYPE_CHECKING:
    import torch

MOST_TOKENS = 262_144
"""Of a batch on an accelerator, fillers included; more are no quicker."""

TOKENS_PER_GIBIBYTE = 16_384
"""What fits beside other programs, by the memory that is free: an encoder of 110 M parameters takes
some 20 kB for a token, one of 26 M parameters a third of that."""

FEWEST_TOKENS = 2_048


@needs_extra("deep", "torch")
def find_device(hardware: Hardware) -> "torch.device":
    """The device that is meant; raises ResourceUnavailable where there is no such one.

    ModelMissing without torch.
    """
    import torch

    kind = hardware.device
    if kind == AUTO:
        kind = next((one for one in (CUDA, MPS) if _is_there(one)), CPU)
    if not _is_there(kind):
        raise ResourceUnavailable(
            f"torch {torch.__version__} finds no device {kind!r} here. Use --device auto or cpu; "
            "for a GPU of NVIDIA, a driver and a build of torch for CUDA are needed."
        )
    if kind != CUDA:
        return torch.device(kind)
    return torch.device(CUDA, hardware.number % torch.cuda.device_count())


def _is_there(kind: str) -> bool:
    import torch

    if kind == CUDA:
        return torch.cuda.is_available()
    return kind == CPU or torch.backends.mps.is_available()


def describe(device: "torch.device") -> str:
    """What the device is called, such as "NVIDIA H100 80GB HBM3"."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == CUDA else str(device.type)


def count_devices(hardware: Hardware) -> int:
    """How many devices there are of the kind that is meant: 1 for the CPU."""
    import torch

    return torch.cuda.device_count() if find_device(hardware).type == CUDA else 1


def has_bfloat16(device: "torch.device") -> bool:
    """Whether matrix products in bfloat16 are quick there."""
    import torch

    return device.type == CUDA and torch.cuda.is_bf16_supported(including_emulation=False)


def tokens_per_batch(device: "torch.device") -> int:
    """How many tokens of an accelerator's batch fit into its free memory."""
    import torch

    if device.type != CUDA:
        return FEWEST_TOKENS
    free, _ = torch.cuda.mem_get_info(device)
    return max(FEWEST_TOKENS, min(MOST_TOKENS, int(free / 2**30 * TOKENS_PER_GIBIBYTE)))
