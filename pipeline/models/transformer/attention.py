"""Exporting attention as one node of onnxruntime in place of a dozen, which saves steps."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_NAME = "onnxruntime"
_NODE = "com.microsoft::MultiHeadAttention"


def prepare_attention(module: "PreTrainedModel") -> None:
    """Replace a classifier's attention by one for export; torch cannot run the classifier then."""
    from transformers import AttentionInterface, AttentionMaskInterface

    if not module._supports_attention_backend:
        module.set_attn_implementation("eager")
        return
    AttentionInterface.register(_NAME, _attend)
    AttentionMaskInterface.register(_NAME, _no_mask)
    module.set_attn_implementation(_NAME)


def _attend(
    _: "torch.nn.Module",
    query: "torch.Tensor",
    key: "torch.Tensor",
    value: "torch.Tensor",
    __: None,
    scaling: float | None = None,
    **___: Any,
) -> tuple["torch.Tensor", None]:
    """Attention over inputs (rows, heads, tokens, size); output (rows, tokens, heads, size)."""
    import torch

    heads, size = query.shape[1], query.shape[3]
    parts = [part.transpose(1, 2).flatten(2) for part in (query, key, value)]
    attended = torch.onnx.ops.symbolic(
        _NODE,
        parts,
        {"num_heads": heads, "scale": float(scaling or size**-0.5)},
        dtype=query.dtype,
        shape=parts[0].shape,
        version=1,
    )
    return attended.unflatten(2, (heads, size)), None


def _no_mask(*_: Any, **__: Any) -> None:
    """Use no mask: all tokens count."""
