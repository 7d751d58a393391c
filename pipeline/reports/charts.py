"""The curves of an evaluation as SVG with real text, drawn by matplotlib (extra `[report]`).

Their colours are the page's own (CSS variables), so that they follow its dark form; words are put
in after drawing, so that matplotlib needs no font with their letters.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

from pipeline.models.transformer.libraries import needs_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT, FIRST, SECOND = "#010203", "#010204", "#010205", "#010206"
_PAGE_COLOURS = {
    INK: "currentColor",
    FAINT: "var(--line)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
}
SERIES = (FIRST, SECOND)
_SIZE = (4.2, 3.4)
"""Inches, at 72 units an inch."""

Records = Sequence[Mapping[str, Any]]
"""Figures of one or two models, as `EvaluationFigures.record` gives them."""


@needs_extra("report", "matplotlib")
def need_charts() -> None:
    """Raise ModelMissing, naming the extra, where matplotlib is absent."""


def draw_charts(models: Records, words: Mapping[str, str]) -> dict[str, str]:
    """The SVG of each chart by its name; `words` holds the names of the axes.

    Charts that need both labels are left out where only one occurs.
    """
    found = {name: _draw(name, draw, models, words) for name, draw in _CHARTS.items()}
    return {name: svg for name, svg in found.items() if svg}


def _draw(name: str, draw: Any, models: Records, words: Mapping[str, str]) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,  # ids that are the same each time, and others in each chart
        "font.size": 9.5,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "text.color": INK,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
    }
    with rc_context(settings):
        figure = Figure(figsize=_SIZE, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.add_subplot()
        axes.patch.set_visible(False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
        if not draw(axes, models):
            return ""
        file = StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(file.getvalue(), words)


def _for_page(svg: str, words: Mapping[str, str]) -> str:
    """The SVG element alone, in the page's colours and font and with the words put in."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'<g id="[\w.]+">', "<g>", svg)
    svg = re.sub(r"; font-family: [^;]+", "", svg)
    for colour, of_page in _PAGE_COLOURS.items():
        svg = svg.replace(colour, of_page)
    return re.sub(r">\{(\w+)\}<", lambda found: f">{escape(words[found[1]])}<", svg)


def _name_axes(axes: "Axes", x: str, y: str) -> None:
    """Words are put in for {x} and {y} when it is drawn."""
    axes.set_xlabel(f"{{{x}}}")
    axes.set_ylabel(f"{{{y}}}")


def _percents(axes: "Axes", which: str, low: float = 0.0) -> None:
    from matplotlib.ticker import PercentFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    margin = 0.02 * (1 - low)
    (axes.set_xlim if which == "x" else axes.set_ylim)(low - margin, 1 + margin)


def _roc(axes: "Axes", models: Records) -> bool:
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.6)
    for model, colour in zip(models, SERIES, strict=False):
        curve = model["roc"]
        axes.plot(curve["false_positive_rate"], curve["true_positive_rate"], color=colour)
    _percents(axes, "x")
    _percents(axes, "y")
    _name_axes(axes, "false_positive_rate", "true_positive_rate")
    return bool(models[0]["roc"]["false_positive_rate"])


def _precision_recall(axes: "Axes", models: Records) -> bool:
    for model, colour in zip(models, SERIES, strict=False):
        curve = model["precision_recall"]
        axes.plot(curve["recall"], curve["precision"], color=colour)
    _percents(axes, "x")
    _percents(axes, "y")
    _name_axes(axes, "recall", "precision")
    return bool(models[0]["precision_recall"]["recall"])


def _reliability(axes: "Axes", models: Records) -> bool:
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.6)
    for model, colour in zip(models, SERIES, strict=False):
        bins = [one for one in model["reliability"] if one["reviews"]]
        x, y = ([one[key] for one in bins] for key in ("mean_probability", "positive_share"))
        axes.plot(x, y, color=colour, marker="o", markersize=5)
    _percents(axes, "x")
    _percents(axes, "y")
    _name_axes(axes, "mean_probability", "positive_share")
    return True


def _coverage(axes: "Axes", models: Records) -> bool:
    curves = [model["coverage_curve"] for model in models]
    for curve, colour in zip(curves, SERIES, strict=False):
        axes.plot([one["share"] for one in curve], [one["accuracy"] for one in curve], color=colour)
    lowest = min(one["accuracy"] for curve in curves for one in curve)
    _percents(axes, "x")
    _percents(axes, "y", max(0.0, int(lowest * 20) / 20 if lowest < 1 else 0.9))
    _name_axes(axes, "share_answered", "accuracy")
    return True


_CHARTS = {
    "roc": _roc,
    "precision_recall": _precision_recall,
    "reliability": _reliability,
    "coverage": _coverage,
}
