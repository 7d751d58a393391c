"""What a config.json may ask for, looked at before a model is built of it."""

import json
from collections.abc import Iterator
from typing import Any

from pipeline.errors import ArtifactRefused

LARGEST = 2**20
"""Bytes of a config.json."""
MOST_PARTS = 512
"""Layers, heads, experts and the like."""
LARGEST_SIZE = 2**24
"""The largest of all other whole numbers: sizes of layers, of the vocabulary."""
PARTS = ("layer", "head", "block", "group", "expert", "stage")


def read_settings(content: bytes) -> dict[str, Any]:
    """The object in a config.json; ArtifactRefused where it is damaged or beyond these limits."""
    try:
        record = json.loads(content) if len(content) <= LARGEST else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise ArtifactRefused("The model's config.json is damaged. Copy or download it again.")
    for key, number in _numbers(record):
        largest = MOST_PARTS if any(part in key.lower() for part in PARTS) else LARGEST_SIZE
        if abs(number) > largest:
            raise ArtifactRefused(
                f"The model's config.json has {key[:60]!r} {str(number)[:20]}; {largest:,} is the "
                "most that is built."
            )
    return record


def _numbers(value: Any) -> Iterator[tuple[str, int]]:
    """Each whole number with the key that it stands under, at any depth."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            stack += value.items()
        elif isinstance(value, list):
            stack += [(key, inner) for inner in value]
        elif type(value) is int:
            yield key, value
