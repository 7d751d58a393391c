"""Checks of a model before it is used: that its weights, its tokenizer and its sizes are its own.

Where weights are missing, transformers draws new ones at random; where the tokenizer is another
one, it gives ids that mean other words. Both answer, and answer nonsense.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.artifacts.golden import everyday_reviews
from pipeline.errors import ArtifactRefused
from pipeline.models.transformer.tokens import TextEncoder
from pipeline.text.cleaning import clean_all

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from pipeline.models.transformer.model import TransformerModel

MOST_UNKNOWN = 0.2
"""Largest share of the words of Korean reviews that may hold a token that is unknown."""

SHOWN = 4
_POOLER = "pooler"
_BUFFERS = ("position_ids", "token_type_ids", "inv_freq")
"""Ends of names of tensors that are computed, and that older releases of transformers saved."""


def check_classifier(module: "PreTrainedModel", loaded: Mapping[str, Any]) -> None:
    """ArtifactRefused unless a classifier got all its weights, and the head and encoder no others.

    `loaded`: what transformers reports of loading it. The heads of other tasks may be there, too.
    """
    _check_shapes(loaded["mismatched_keys"])
    unexpected = [key for key in loaded["unexpected_keys"] if not key.endswith(_BUFFERS)]
    surplus = _surplus(module, unexpected)
    if missing := loaded["missing_keys"]:
        part = "encoder" if any(_is_encoder(module, key) for key in missing) else "classifier"
        others = _named(surplus or unexpected)
        instead = f"; they hold {others} instead" if others else ""
        raise ArtifactRefused(
            f"The weights lack those of the {part}: {_named(missing)}{instead}. It would answer at "
            "random. Pull a model that was saved as a classifier of the architecture that its "
            "config.json names, or train one: sentiment train --deep --base."
        )
    _check_surplus(surplus)


def check_encoder(module: "PreTrainedModel", loaded: Mapping[str, Any]) -> None:
    """ArtifactRefused unless an encoder got all its weights and no others; its classifier is new.

    A pooler may be new as well: encoders that were trained on masked words have none.
    """
    _check_shapes(
        [entry for entry in loaded["mismatched_keys"] if _is_encoder(module, entry[0])],
    )
    missing = [key for key in loaded["missing_keys"] if _is_encoder(module, key)]
    if missing := [key for key in missing if _POOLER not in key.split(".")]:
        raise ArtifactRefused(
            f"The weights lack those of the encoder: {_named(missing)}. Name a model of the "
            "architecture that its config.json names."
        )
    unexpected = [key for key in loaded["unexpected_keys"] if not key.endswith(_BUFFERS)]
    surplus = _surplus(module, unexpected)
    _check_surplus([key for key in surplus if _is_encoder(module, key)])


def _is_encoder(module: "PreTrainedModel", key: str) -> bool:
    return key.startswith(f"{module.base_model_prefix}.")


def _surplus(module: "PreTrainedModel", unexpected: Collection[str]) -> list[str]:
    """Weights that encoder or head have no place for: not poolers, nor other tasks' heads."""
    parts = {name for name, _ in module.named_children()}
    names = [(key, key.split(".")) for key in unexpected]
    return [key for key, name in names if name[0] in parts and _POOLER not in name]


def _check_surplus(surplus: Collection[str]) -> None:
    if surplus:
        raise ArtifactRefused(
            f"The weights hold {_named(surplus)}, for which the architecture of config.json has no "
            "place. Use the config.json that was saved with these weights."
        )


def _check_shapes(mismatched: Collection[tuple[str, Collection[int], Collection[int]]]) -> None:
    if not mismatched:
        return
    name, there, wanted = sorted(mismatched)[0]
    others = f" (and {len(mismatched) - 1} more differ)" if len(mismatched) > 1 else ""
    raise ArtifactRefused(
        f"The weights' {name} is {_shape(there)}, but config.json makes it {_shape(wanted)}"
        f"{others}. Use the config.json that was saved with these weights."
    )


def _shape(sizes: Collection[int]) -> str:
    return " × ".join(str(size) for size in sizes)


def _named(keys: Collection[str]) -> str:
    names = ", ".join(sorted(keys)[:SHOWN])
    return f"{names} and {len(keys) - SHOWN} more" if len(keys) > SHOWN else names


def check_tokenizer(tokenizer: bytes, module: "PreTrainedModel") -> None:
    """ArtifactRefused unless each id of a tokenizer is in the vocabulary and Korean is known to it.

    `tokenizer`: the bytes of its tokenizer.json.
    """
    encoder = TextEncoder(tokenizer)
    rows = embedding_rows(module)
    if beyond := {text: number for text, number in encoder.vocabulary().items() if number >= rows}:
        first = min(beyond, key=lambda text: beyond[text])
        raise ArtifactRefused(
            f"The tokenizer gives {len(beyond)} of its tokens ids beyond the model's vocabulary of "
            f"{rows}, first {first!r} the id {beyond[first]}. Remove it from the tokenizer, or "
            "train the model after model.resize_token_embeddings(len(tokenizer))."
        )
    share = encoder.unknown_words(clean_all(everyday_reviews()))
    if share > MOST_UNKNOWN:
        raise ArtifactRefused(
            f"The tokenizer does not know {share:.0%} of the words of everyday Korean reviews "
            f"({MOST_UNKNOWN:.0%} at most). Use the tokenizer that the model was trained with, and "
            "a model for Korean; a tokenizer that lower-cases or strips accents breaks Hangul."
        )


def embedding_rows(module: "PreTrainedModel") -> int:
    """How many tokens a model has an embedding for."""
    weight: torch.Tensor = module.get_input_embeddings().weight  # type: ignore[assignment]
    return weight.shape[0]


def check_answers(model: "TransformerModel") -> None:
    """ArtifactRefused unless a model gives finite answers, also to a text of the longest kind."""
    texts = [*clean_all(everyday_reviews()), "영화 " * model.settings.max_tokens]
    if not np.isfinite(model.logits(texts)).all():
        raise ArtifactRefused(
            "The model answers with numbers that are not finite: its weights are damaged. Copy or "
            "download them again."
        )
