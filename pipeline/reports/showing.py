"""Reviews as they are shown on a page: cleaned, cut, and coloured by what decided."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.models.linear import LinearModel
from pipeline.text.cleaning import clean
from pipeline.workflows.explaining import character_shares

MOST_CHARACTERS = 300
MOST_EXPLAINED = 2000
"""Characters of a review that its colours are made from: a file's can be of any length."""
STEPS = 4
"""Strengths of a colour."""
_FAINTEST = 0.08
"""Share of the strongest below which a character has no colour."""


class Shown(NamedTuple):
    """A review, cleaned and cut, and what each of its characters added to the fast model's logit.

    `shares` is empty where there is no fast model.
    """

    text: str
    shares: list[float]


Show = Callable[[str], Shown]


def show_with(model: LinearModel | None) -> Show:
    """How reviews are shown: coloured by this model, or plain without one."""

    def show(text: str) -> Shown:
        cleaned = clean(text)
        explained = cleaned[:MOST_EXPLAINED]
        shares = character_shares(model, explained) if model is not None and explained else None
        cut = cleaned[:MOST_CHARACTERS] + "…" * (len(cleaned) > MOST_CHARACTERS)
        return Shown(cut, [] if shares is None else shares[:MOST_CHARACTERS].tolist())

    return show


def coloured(text: str, shares: list[float]) -> list[tuple[str, str]]:
    """Parts of a text, each with the class of its colour: p1 to p4, n1 to n4, or "" for none."""
    strongest = max(map(abs, shares), default=0.0) or 1.0
    classes = [_class(share / strongest) for share in shares]
    classes += [""] * (len(text) - len(classes))
    parts: list[tuple[str, str]] = []
    for character, name in zip(text, classes, strict=True):
        if parts and (parts[-1][1] == name):
            parts[-1] = parts[-1][0] + character, name
        else:
            parts.append((character, name))
    return parts


def _class(strength: float) -> str:
    """The class of a strength from -1, all for negative, to 1."""
    if abs(strength) < _FAINTEST:
        return ""
    return f"{'p' if strength > 0 else 'n'}{min(int(abs(strength) * STEPS) + 1, STEPS)}"
