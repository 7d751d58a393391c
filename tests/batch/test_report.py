"""What is shown of a run: a bar on a terminal, a summary, a page."""

import os
import pty
import re
import subprocess
import termios
from pathlib import Path

from pipeline.files.layouts import ReadSettings
from pipeline.files.sources import find_sources
from pipeline.handlers.base import Handler
from pipeline.quality.drift import verdict
from pipeline.reports.words import drift
from pipeline.workflows.file_drift import measure_drift
from tests.reports.pages import Page
from tests.support.paths import SAMPLE, SENTIMENT, Invoke


def test_report(invoke: Invoke, sample_root: Path, handler: Handler, tmp_path: Path) -> None:
    given = tmp_path / "<given>.tsv"
    given.write_bytes(SAMPLE.read_bytes() + b"<broken>\n")
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.tsv", "--max-rejects", 1]
    result = invoke(
        "predict", "--fast", given, *options, "--report", tmp_path / "report.html", "--lang", "en"
    )
    assert result.exit_code == 0, result.output
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.addresses == []
    assert f"848 reviews scored by {handler.name}" in page.text
    assert f"{given}, line 850, byte" in page.text
    measured = measure_drift(handler, find_sources([str(SAMPLE)]), ReadSettings())
    for feature, index in measured.indexes.items():
        assert re.search(
            rf"{drift.WORDS['en'][feature]}\s*{index:.3f}\s*{verdict(index)}", page.text
        )
    share = re.search(r"([\d.]+)% of them are positive", page.text)
    assert share
    assert f"{share[1]}% positive" in result.stderr


def test_report_of_nothing_but_rejects(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tsv").write_text("id\ttext\n1\n")
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.tsv"]
    report = tmp_path / "report.html"
    result = invoke(
        "predict", "--fast", tmp_path / "bad.tsv", *options, "--report", report, "--lang", "en"
    )
    assert result.exit_code == 3
    assert "0 reviews scored" in report.read_text(encoding="utf-8")


def test_quiet(invoke: Invoke, sample_root: Path, tmp_path: Path) -> None:
    options = ["--artifacts", sample_root, "-o", tmp_path / "scored.tsv", "--quiet"]
    assert invoke("predict", "--fast", SAMPLE, *options).output == ""


def test_a_bar_on_a_terminal(sample_root: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    (tmp_path / "many.txt").write_text("정말 재밌게 잘 봤습니다\n" * 100_000, encoding="utf-8")
    command = [SENTIMENT, "predict", "--fast", "--artifacts", sample_root, tmp_path / "many.txt"]
    subprocess.run([*command, "-o", tmp_path / "scored.tsv"], stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 2**16).decode()
    os.close(ours)
    assert re.search(r"Scoring: +\d+% \|.+\| \d\d:\d\d gone, \d\d:\d\d left, [\d,]+ rows/s", shown)
    assert "100,000 rows in = 100,000 scored + 0 rejected" in shown
