"""Small transformers with random weights, made on the spot in Hugging Face's format."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.reviews.labelled import read_reviews
from pipeline.text.cleaning import clean
from pipeline.training.finetuning import FineTuningSettings
from tests.support.paths import SAMPLE

SMALL = FineTuningSettings(epochs=8, learning_rate=3e-3, layer_decay=1.0, held_out=0.1, patience=9)
"""Enough for a small transformer to learn the sample."""

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 300,
}


def make_model(
    folder: Path, kind: str, pickled: bool = False, config: Mapping[str, Any] | None = None
) -> Path:
    """A "bert" or "electra" that knows the sample's characters; `config` overrides its settings."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    letters = sorted({c for text in read_reviews(SAMPLE).texts for c in clean(text) if c != " "})
    vocabulary = [*_SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": False})
    )
    labels = {0: "negative", 1: "positive"}
    settings = AutoConfig.for_model(
        kind, **{"vocab_size": len(vocabulary), "id2label": labels, **_SIZES, **(config or {})}
    )
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(settings)
    settings.architectures = [type(model).__name__]
    settings.save_pretrained(folder)
    if pickled:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    else:
        model.save_pretrained(folder)
    return folder


def write_easy_reviews(path: Path) -> Path:
    """Labelled reviews that a small transformer can tell apart, which the sample's are not."""
    words = {1: ("재밌게", "최고", "강추"), 0: ("지루", "최악", "아깝다")}
    subjects = ("영화", "연기", "내용", "음악", "감독", "배우", "정말", "대사", "결말", "화면")
    rows = [
        f"{subject} {other} {word}\t{label}"
        for label, said in words.items()
        for word in said
        for subject in subjects
        for other in subjects
    ]
    path.write_text("\n".join(("document\tlabel", *rows, "")), encoding="utf-8")
    return path
