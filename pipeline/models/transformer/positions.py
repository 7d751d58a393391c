"""How long the texts may be that a transformer reads."""

from typing import TYPE_CHECKING

from pipeline.errors import ArtifactRefused
from pipeline.models.transformer.model import LONGEST

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHORTEST = 8
"""Fewer tokens, of which two or more are special, are no text."""


def longest_input(module: "PreTrainedModel") -> int:
    """Most tokens of a text that a model can read, special tokens included; LONGEST at most.

    A model of RoBERTa's kind counts positions from behind its filler's id on, so that its table of
    positions is longer than its texts may be. Raises ArtifactRefused where next to nothing is left.
    """
    limit = getattr(module.config, "max_position_embeddings", None) or LONGEST
    for name, part in module.named_modules():
        if name.endswith("position_embeddings") and hasattr(part, "num_embeddings"):
            filler = getattr(part, "padding_idx", None)
            limit = min(limit, part.num_embeddings - (0 if filler is None else filler + 1))
    if limit < SHORTEST:
        raise ArtifactRefused(
            f"The model has positions for {max(limit, 0)} tokens, too few for any text. Is its "
            "config.json that of the weights?"
        )
    return min(int(limit), LONGEST)
