"""Whether what pages say can be read, in light and in dark."""

import re

import pytest

from pipeline.reports.page import TEMPLATES

STYLE = (TEMPLATES / "style.css").read_text("utf-8")
LIGHT, DARK = (
    {name: value.strip() for name, value in re.findall(r"--([\w-]+): ([^;]+);", block)}
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
)
Colour = tuple[float, ...]


def parse(value: str) -> Colour:
    """A colour as #rrggbb, or as three numbers."""
    if value.startswith("#"):
        return tuple(int(value[place : place + 2], 16) for place in (1, 3, 5))
    return tuple(map(float, value.split()))


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    return tuple(a * share + b * (1 - share) for a, b in zip(one, other, strict=True))


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Colour, other: Colour) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_enough(scheme: dict[str, str]) -> None:
    colours = {name: parse(scheme[name]) for name in scheme if name != "color-scheme"}
    ink, ground, soft = colours["ink"], colours["ground"], colours["soft"]
    pairs = [(colours[name], ground) for name in ("ink", "quiet", "positive", "negative")]
    pairs += [(colours["quiet"], colours["raised"]), (ink, soft)]
    pairs += [(ink, mixed(colours[hue], ground, 0.5)) for hue in ("p", "n")]  # the strongest mark
    pairs += [(ink, mixed(colours[key], soft, 0.35)) for key in ("first", "second")]  # the matrix
    assert min(contrast(*pair) for pair in pairs) >= 4.5
