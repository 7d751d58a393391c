"""The files of a model in Hugging Face's format: which are used, and whether they are whole."""

import json
import os
import struct
from collections.abc import Callable
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
USED = (SETTINGS, SAFETENSORS, PICKLED, *TOKENIZER_FILES)
LARGEST_WEIGHTS = 8 * 2**30
LARGEST_VOCABULARY = 64 * 2**20
LARGEST_SETTINGS = 4 * 2**20
"""Bytes of a file of weights, of one that lists tokens, and of any other."""

_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_HEADER = 16 * 2**20
"""Bytes of a safetensors header; those of models in use have some hundred thousand."""


def largest(path: str) -> int:
    """The most bytes that a used file of this name may have."""
    if path in (SAFETENSORS, PICKLED):
        return LARGEST_WEIGHTS
    return LARGEST_VOCABULARY if path in (*VOCABULARIES, "merges.txt") else LARGEST_SETTINGS


def used(is_there: Callable[[str], bool]) -> list[str]:
    """Of the files that are there, those that are used: pickled weights only without others."""
    weights = SAFETENSORS if is_there(SAFETENSORS) else PICKLED
    return [path for path in (SETTINGS, weights, *TOKENIZER_FILES) if is_there(path)]


def check_size(path: str, size: int) -> None:
    """ArtifactRefused where a used file of this name has more bytes than it may."""
    if size > largest(path):
        raise ArtifactRefused(
            f"{path} is {size:,} bytes long; {largest(path):,} is the most for it here."
        )


def digest_files(folder: Path, name: str) -> dict[str, str]:
    """The sha256 of each file of a model's folder that is used.

    Raises ModelMissing where one that is needed is not there, ArtifactRefused where one is not
    whole, is too large, is no regular file or is a link that leads elsewhere (`_check_place`).
    """
    there = used(lambda path: os.path.lexists(folder / path))
    weights = PICKLED if PICKLED in there else SAFETENSORS
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
        _check_place(folder / path)
        _check_whole(folder / path)
    return {path: sha256(folder / path) for path in there}


def _check_place(path: Path) -> None:
    """ArtifactRefused unless this is a regular file, not too large, of the folder's own.

    A link may lead to a file within the folder or, as the hub's client makes them, from a snapshot
    to the blobs of its cache. Any other could seal a file of the user's into an artifact.
    """
    if path.is_symlink() and not _stays(path):
        raise ArtifactRefused(
            f"{path.name} is a link that leads out of its folder. Copy the file into the folder."
        )
    if not path.is_file():
        raise ArtifactRefused(f"{path.name} is no regular file. Put the model's file there.")
    check_size(path.name, path.stat().st_size)


def _stays(link: Path) -> bool:
    try:
        folder, target = link.parent.resolve(strict=True), link.resolve(strict=True)
    except (OSError, RuntimeError):  # it leads nowhere, or to itself
        return False
    homes = [folder]
    if folder.parent.name == "snapshots" and folder.parents[1].name.startswith("models--"):
        homes += [
            folder.parents[1] / "blobs",
            folder.parents[2] / "blobs",
        ]  # a model's, all models'
    return any(target.is_relative_to(home.resolve()) for home in homes)


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
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        raise ArtifactRefused(
            f"{path.name} holds no safetensors: its header cannot be read. Copy or download it "
            "again."
        ) from None
