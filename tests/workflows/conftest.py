"""A model to pull that is right more often than by chance."""

import json
from pathlib import Path

import pytest

from pipeline.artifacts.runs import find_run, load_run
from pipeline.artifacts.verification import CONFIG, TOKENIZER, WEIGHTS


@pytest.fixture(scope="session")
def learned(deep_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small transformer that has learned the easy reviews, in Hugging Face's format."""
    folder = tmp_path_factory.mktemp("learned")
    files = load_run(find_run(deep_root))[1]
    for name, path in ((CONFIG, CONFIG), (WEIGHTS, "model.safetensors"), (TOKENIZER, TOKENIZER)):
        (folder / path).write_bytes(files[name])
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"})
    )
    return folder
