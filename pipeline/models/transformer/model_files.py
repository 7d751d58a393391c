"""The files of a model in Hugging Face's format: which are used, and whether they are whole."""

import json
import struct
from pathlib import Path

from pipeline.digests import sha256
from pipeline.errors import ArtifactRefused, ModelMissing

SAFETENSORS, PICKLED = "model.safetensors", "pytorch_model.bin"
SETTINGS = "config.json"
VOCABULARIES = (
    *("tokenizer.json", "vocab.txt", "vocab.json"),
    *("sentencepiece.bpe.model", "spiece.model", "tokenizer.model"),
)
"""Files that hold a vocabulary. Without any, transformers would make an empty tokenizer."""

TOKENIZER_FILES = (
    *VOCABULARIES,
    *("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt"),
)
_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_HEADER = 100_000_000
"""The largest header that safetensors itself reads, in bytes."""


def digest_files(folder: Path, name: str) -> dict[str, str]:
    """The sha256 of each file of a model's folder that is used.

    Raises ModelMissing where one that is needed is not there, ArtifactRefused where one is not
    whole.
    """
    weights = SAFETENSORS if (folder / SAFETENSORS).is_file() else PICKLED
    wanted = (SETTINGS, weights, *TOKENIZER_FILES)
    there = [path for path in wanted if (folder / path).is_file()]
    if missing := [path for path in (SETTINGS, weights) if path not in there]:
        raise ModelMissing(
            f"{name} holds no {' and no '.join(missing)}: it is no model in Hugging Face's format."
        )
    if not set(VOCABULARIES).intersection(there):
        raise ModelMissing(
            f"{name} holds no tokenizer (none of {', '.join(VOCABULARIES)}). Add the tokenizer "
            "that it was trained with: tokenizer.save_pretrained(FOLDER)."
        )
    for path in there:
        _check_whole(folder / path)
    return {path: sha256(folder / path) for path in there}


def _check_whole(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(len(_POINTER))
    if start == _POINTER:
        raise ArtifactRefused(
            f"{path.name} is an LFS pointer, not the file. Fetch the file: git lfs pull."
        )
    if path.name == SAFETENSORS:
        _check_size(path)


def _check_size(path: Path) -> None:
    """ArtifactRefused where safetensors are not as long as their header says."""
    size, said = path.stat().st_size, _said_size(path)
    if size < said:
        raise ArtifactRefused(
            f"{path.name} is cut off: {size} bytes where its header says {said}. Copy or download "
            "it again."
        )
    if size > said:
        raise ArtifactRefused(
            f"{path.name} is damaged: {size} bytes where its header says {said}. Copy or download "
            "it again."
        )


def _said_size(path: Path) -> int:
    """Bytes that safetensors must have, by their header: its length, a JSON object, the tensors."""
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        header = file.read(length) if length <= _LARGEST_HEADER else b""
    if 0 < len(header) < length:
        return 8 + int(length)
    try:
        tensors = {key: value for key, value in json.loads(header).items() if key != "__metadata__"}
        return (
            8 + len(header) + max((int(t["data_offsets"][1]) for t in tensors.values()), default=0)
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise ArtifactRefused(
            f"{path.name} holds no safetensors: its header cannot be read. Copy or download it "
            "again."
        ) from None
