"""A page about a batch of scored files: labels, confidence, drift, rejects. It needs no network."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.batch.scoring import Job
from pipeline.batch.totals import SCORE_BINS, Totals
from pipeline.durability import write_durably
from pipeline.handlers.base import Handler
from pipeline.quality.drift import drift, verdict
from pipeline.quality.profile import LENGTH_EDGES
from pipeline.quality.profile_counts import shares
from pipeline.targets import followed, is_stream, open_stream, write_all

TEMPLATE = Path(__file__).with_name("report.html")


@dataclass(frozen=True)
class Bar:
    """A bar of a chart: its share of all in the files, and in training where that is known."""

    label: str
    share: float
    training: float | None = None


def write_report(path: Path, handler: Handler, job: Job, totals: Totals) -> None:
    """Write the page; `totals` must hold a profile if a row was scored."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATE.parent), autoescape=True)
    page = environment.get_template(TEMPLATE.name).render(
        model=handler.name,
        inputs=[source.name for source in job.sources],
        output=job.output,
        totals=totals,
        scores=score_bars(totals),
        **_compared(handler.artifact.manifest.profile, totals),
    )
    _write(path, page.encode("utf-8", "backslashreplace"))  # a path can hold bytes that are no text


def _write(path: Path, page: bytes) -> None:
    if is_stream(path):
        with open_stream(path) as stream:
            write_all(stream, page)
    else:
        write_durably(followed(path), page)


def score_bars(totals: Totals) -> list[Bar]:
    """Share of the reviews by P(positive)."""
    width, texts = 100 // SCORE_BINS, max(totals.scored - totals.empty, 1)
    return [
        Bar(
            f"{number * width}–{(number + 1) * width} %",
            count / texts,
        )
        for number, count in enumerate(totals.scores)
    ]


def _compared(training: dict[str, Any], totals: Totals) -> dict[str, Any]:
    if totals.profile is None or not training:  # a model pulled without reviews has none
        return {"drift": {}, "lengths": [], "scripts": []}
    found = shares(totals.profile)
    indexes = drift(training, found)
    return {
        "drift": {name: (index, verdict(index)) for name, index in indexes.items()},
        "lengths": list(map(Bar, length_labels(), found["length"], training["length"])),
        "scripts": [
            Bar(name, share, training["scripts"][name]) for name, share in found["scripts"].items()
        ],
    }


def length_labels() -> list[str]:
    """Names of the bins of length, in characters."""
    inner = [f"{first}–{beyond - 1}" for first, beyond in pairwise(LENGTH_EDGES)]
    return ["0", *inner, f"{LENGTH_EDGES[-1]} and more"]
