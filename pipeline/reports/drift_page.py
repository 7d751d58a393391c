"""The page about how far reviews in files are from those of training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.files.sources import Source
from pipeline.handlers.base import Handler
from pipeline.quality.drift import FEWEST_TEXTS
from pipeline.reports.drift import drift_figures
from pipeline.reports.page import Record, render, write_report
from pipeline.reports.records import to_record
from pipeline.reports.words import drift
from pipeline.text.cleaning import clean
from pipeline.workflows.file_drift import FileDrift


def write_drift(
    path: Path, handler: Handler, sources: Sequence[Source], measured: FileDrift, language: str
) -> None:
    """Write the page about what was measured, or for a name in .json its figures."""
    record = drift_record(handler, sources, measured)
    write_report(path, record, lambda: drift_page(record, language))


def drift_record(
    handler: Handler, sources: Sequence[Source], measured: FileDrift
) -> dict[str, Any]:
    """All figures of the page, for JSON, too."""
    figures = drift_figures(handler.artifact.manifest.profile, measured.counts)
    return {
        "model": handler.name,
        "inputs": [clean(source.name) for source in sources],
        "drift": to_record(figures),
        "remedies": [clean(command) for command in measured.remedies],
    }


def drift_page(record: Record, language: str) -> str:
    """The page of a record."""
    return render("drift.html", language, drift.WORDS, record, fewest=FEWEST_TEXTS)
