"""What was found of a running server, as one page of Markdown."""

from dataclasses import asdict
from pathlib import Path

from pipeline.reports.page import Record, write_report
from pipeline.workflows.asking import Timed
from pipeline.workflows.remote_testing import CLIENTS, RemoteTest


def write_remote_test(path: Path, found: RemoteTest, when: str) -> None:
    """Write the page, or its figures where the path ends in .json; `when`: time of the test."""
    write_report(path, remote_record(found, when), lambda: remote_page(found, when))


def remote_record(found: RemoteTest, when: str) -> Record:
    """Its figures; times are in milliseconds."""
    replays = [
        {
            "model": replay.model,
            "texts": replay.texts,
            "differences": replay.differences,
            **_times(replay),
        }
        for replay in found.replays
    ]
    load = found.load
    figures = {"busy": load.busy, "failed": load.failed, "seconds": load.took}
    return {
        "url": found.url,
        "time": when,
        "good": found.good(),
        "golden": replays,
        "contract": [asdict(check) for check in found.checks],
        "load": {"answered": len(load.seconds), **figures, **_times(load)},
    }


def _times(timed: Timed) -> dict[str, float]:
    shown = {"p50_ms": timed.percentile(50), "p99_ms": timed.percentile(99)}
    return shown if timed.seconds else {}


def remote_page(found: RemoteTest, when: str) -> str:
    """The page."""
    verdict = "good" if found.good() else "NOT GOOD"
    kept = sum(check.problem is None for check in found.checks)
    golden = [
        f"| `{replay.model}` | {replay.texts - len(replay.differences)} of {replay.texts} "
        f"| {replay.percentile(50):.1f} | {replay.percentile(99):.1f} |"
        for replay in found.replays
    ]
    wrong = [f"- {difference}" for replay in found.replays for difference in replay.differences[:9]]
    promises = [f"| {check.name} | {check.problem or 'kept'} |" for check in found.checks]
    load = found.load
    answered = len(load.seconds)
    lines = [
        f"# {found.url}: {verdict}",
        "",
        f"Tested {when}.",
        "",
        "## Golden answers, one text a request",
        "",
        "| model | equal | p50 ms | p99 ms |",
        "|---|---:|---:|---:|",
        *golden,
        *(["", *wrong] if wrong else []),
        "",
        f"## Contract: {kept} of {len(found.checks)} kept",
        "",
        "| promise | answer |",
        "|---|---|",
        *promises,
        "",
        f"## Short load, {CLIENTS} clients at once",
        "",
        "| answered | a second | busy (429, 503) | failed | p50 ms | p99 ms |",
        "|---:|---:|---:|---:|---:|---:|",
        f"| {answered} | {answered / load.took:.0f} | {load.busy} | {load.failed} "
        f"| {load.percentile(50):.1f} | {load.percentile(99):.1f} |",
    ]
    return "\n".join(lines) + "\n"
