"""Reviews changed in ways that leave what they say alone, to see whether a model's answer stays.

Such invariance tests: Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models with
CheckList", ACL. Swapped letters and missed keys: Belinkov and Bisk 2018, "Synthetic and natural
noise both break neural machine translation", ICLR.
"""

import random
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from pipeline.quality.keyboard import Draw, choose, is_syllable, mistype

SEED = 0
SPACES = 0.2
"""Share of the places between two syllables of a word where a space is put."""
TYPOS = 0.1
"""Typos for each syllable of a review, which has one at least."""
REPEATS = 3
EMOJI = "🎬🎥🍿"
"""Those of films, which are neither positive nor negative."""

Change = Callable[[str, Draw], str]


def perturb(name: str, text: str, seed: int = SEED) -> str:
    """The cleaned text changed in the way of this name.

    The same in any file and on any machine: what is drawn depends on seed, name and text alone.
    """
    own = f"{seed} {name} {text}".encode("utf-8", "surrogatepass")
    # Of `random`, only `random.Random.random` is promised to be the same in each Python.
    return PERTURBATIONS[name](text, random.Random(own).random)  # noqa: S311


def _without_spaces(text: str, _: Draw) -> str:
    return text.replace(" ", "")


def _with_spaces(text: str, draw: Draw) -> str:
    gaps = (
        " " if is_syllable(left) and is_syllable(right) and draw() < SPACES else ""
        for left, right in pairwise(text)
    )
    return text[:1] + "".join(gap + letter for gap, letter in zip(gaps, text[1:], strict=True))


def _decomposed(text: str, _: Draw) -> str:
    return unicodedata.normalize("NFD", text)


def _appended(text: str, _: Draw, tail: str) -> str:
    return text + tail


def _stretched(text: str, _: Draw) -> str:
    return text + text[-1:] * REPEATS


def _swapped(text: str, draw: Draw) -> str:
    letters = list(text)
    places = [
        place
        for place, (one, other) in enumerate(pairwise(text))
        if one != other and is_syllable(one) and is_syllable(other)
    ]
    for place in _some(places, draw):
        letters[place : place + 2] = letters[place + 1], letters[place]
    return "".join(letters)


def _mistyped(text: str, draw: Draw) -> str:
    letters = list(text)
    for place in _some([n for n, one in enumerate(text) if is_syllable(one)], draw):
        letters[place] = mistype(letters[place], draw)
    return "".join(letters)


def _with_emoji(text: str, draw: Draw) -> str:
    return text + choose(EMOJI, draw)


def _some(places: Sequence[int], draw: Draw) -> list[int]:
    """The places that get a typo."""
    count = max(1, round(TYPOS * len(places)))
    return sorted(places, key=lambda _: draw())[:count]


PERTURBATIONS: dict[str, Change] = {
    "without_spaces": _without_spaces,
    "with_spaces": _with_spaces,
    "decomposed": _decomposed,
    "laughing": partial(_appended, tail="ㅋㅋ"),
    "smiling": partial(_appended, tail="ㅎㅎ"),
    "crying": partial(_appended, tail="ㅠㅠ"),
    "stretched": _stretched,
    "swapped": _swapped,
    "mistyped": _mistyped,
    "emoji": _with_emoji,
}
"""The changes by name, in the order in which they are told."""
