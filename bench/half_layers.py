"""Every other layer of a classifier in Hugging Face's format, as a folder: a student to train.

`python bench/half_layers.py my-model/ half/`; then `sentiment train --deep --base half/ …`.
"""

import sys
from pathlib import Path
from shutil import copy2

TOKENIZER_FILES = "tokenizer*.json"


def halve(model: Path, to: Path) -> None:
    """Write a model of the layers 0, 2, 4 … of `model`, with its weights and tokenizer."""
    import torch
    from transformers import AutoModelForSequenceClassification

    module = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32)
    stack = module.base_model.encoder
    stack.layer = torch.nn.ModuleList(list(stack.layer)[::2])
    module.config.num_hidden_layers = len(stack.layer)
    module.save_pretrained(to)
    for path in model.glob(TOKENIZER_FILES):
        copy2(path, to)


if __name__ == "__main__":
    halve(Path(sys.argv[1]), Path(sys.argv[2]))
