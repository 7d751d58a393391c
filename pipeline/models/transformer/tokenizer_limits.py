"""What a tokenizer.json may ask for, looked at before the library reads it.

A pattern that backtracks, or steps that each make a text longer, take any amount of time or memory
for some text, if not for those of the golden set.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline.errors import ArtifactRefused

LARGEST = 128 * 2**20
"""Bytes of a tokenizer.json; that of a vocabulary of 250,000 tokens has 17 MB."""
MOST_TOKENS = 2**20
MOST_ADDED = 10_000
MOST_STEPS = 32
"""Steps of the normalizer, and of each other part."""
DEEPEST = 16
LARGEST_GROWTH = 64
"""How many times longer all replacements together may make a text."""
LONGEST_WORD = 512
"""Characters of a word that WordPiece looks up; its time grows with their square."""

WITH_UNKNOWN = ("WordPiece", "WordLevel")
"""Kinds of models that fail at an unknown word if they have no token for it."""

PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
KNOWN_PATTERNS = {
    # GPT-2; cl100k and its kin (Llama 3, Qwen 2); CLIP
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
}
_SINGLE = re.compile(r"\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""An escaped character or a class, which stand for one character each."""
_LOOK = re.compile(r"\(\?<?[!=].\)", re.DOTALL)
"""A look at one character ahead or behind."""
MOST_OPTIONAL = 3
"""Question marks in an alternative of a pattern; with each, the time may double."""


def check_tokenizer_content(content: bytes) -> None:
    """ArtifactRefused for a tokenizer.json that is damaged, or beyond these limits."""
    if len(content) > LARGEST:
        raise _refused(f"it has {len(content):,} bytes, {LARGEST:,} at most are read")
    try:
        record = json.loads(content, object_pairs_hook=_unambiguous)
        vocabulary = record["model"]["vocab"]
        added = record.get("added_tokens") or []
        kind, unknown = record["model"].get("type"), record["model"].get("unk_token")
        is_vocabulary = isinstance(added, list) and isinstance(vocabulary, dict | list)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise _refused("it is damaged, or of a model that is not known") from None
    if not is_vocabulary or not isinstance(unknown, str | None):
        raise _refused("its vocabulary is damaged")
    if len(vocabulary) > MOST_TOKENS or len(added) > MOST_ADDED:
        raise _refused(f"more than {MOST_TOKENS:,} tokens, or {MOST_ADDED:,} added ones")
    if kind in WITH_UNKNOWN and unknown not in vocabulary:
        raise _refused(
            f"its vocabulary lacks the token for unknown words, {str(unknown)[:40]!r}. Use the "
            "tokenizer that the model was trained with"
        )
    _check_model(record["model"])
    for part in PARTS:
        _check_part(part, record.get(part))


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; ValueError where a key is there twice, of which the library may take the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _check_model(model: dict[str, Any]) -> None:
    longest = model.get("max_input_chars_per_word", 0)
    if type(longest) is not int or longest > LONGEST_WORD:
        raise _refused(f"it looks up words of more than {LONGEST_WORD} characters")
    if model.get("dropout"):
        raise _refused("it drops merges at random")


def _check_part(name: str, part: Any) -> None:
    growth = 1.0
    for number, (depth, step) in enumerate(_steps(part), start=1):
        if number > MOST_STEPS or depth > DEEPEST:
            raise _refused(f"its {name} has more than {MOST_STEPS} steps, or nests them too deeply")
        growth *= _growth(step)
        pattern = step.get("pattern")
        if isinstance(pattern, dict) and not _is_harmless(pattern.get("Regex", "")):
            raise _refused(f"its {name} has a pattern that may take any time")
    if growth > LARGEST_GROWTH:
        raise _refused(f"its {name} may make a text more than {LARGEST_GROWTH} times as long")


def _steps(part: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each step, of a named type or of the older form without, and how deep it lies."""
    stack = [(0, part)]
    while stack:
        depth, value = stack.pop()
        if isinstance(value, dict):
            if "type" in value or "pattern" in value:
                yield depth, value
            stack += [(depth + 1, inner) for inner in value.values()]
        elif isinstance(value, list):
            stack += [(depth, inner) for inner in value]


def _growth(step: dict[str, Any]) -> float:
    """How many times longer this step may make a text."""
    content, pattern = step.get("content"), step.get("pattern")
    if not isinstance(content, str) or not isinstance(pattern, dict):
        return 1.0
    if isinstance(pattern.get("String"), str) and pattern["String"]:
        return max(1.0, len(content.encode()) / len(pattern["String"].encode()))
    return 1.0 + len(content.encode())


def _is_harmless(pattern: Any) -> bool:
    """Whether its time is bounded: it is known, or no repetition is in or beside another one."""
    if not isinstance(pattern, str):
        return False
    bare = _LOOK.sub("", _SINGLE.sub("x", pattern))
    return pattern in KNOWN_PATTERNS or all(
        "(" not in one and len(re.findall(r"[*+{]", one)) <= 1 and one.count("?") <= MOST_OPTIONAL
        for one in bare.split("|")
    )


def _refused(reason: str) -> ArtifactRefused:
    return ArtifactRefused(f"The tokenizer is refused: {reason}.")
