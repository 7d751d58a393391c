"""Where a report can be put."""

from pathlib import Path

import pytest

from pipeline.errors import InvalidInput
from pipeline.reports.page import check_report
from tests.support.command import run
from tests.support.paths import SAMPLE


@pytest.mark.parametrize("command", [("evaluate", "--data"), ("drift",)], ids=lambda one: one[0])
def test_nothing_is_measured_for_a_report_that_cannot_be_written(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    report.symlink_to(tmp_path / "none" / "report.json")
    done = run(*command, SAMPLE, "--fast", "--artifacts", tmp_path, "--report", report)
    assert done.code == 3
    assert f"There is no folder {tmp_path / 'none'}" in done.stderr
    assert "built-in model" not in done.stderr  # none was loaded


def test_a_report_replaces_neither_an_input_nor_what_others_left(tmp_path: Path) -> None:
    given, report = tmp_path / "given.tsv", tmp_path / "page.html"
    given.touch()
    check_report(report, [given])
    with (
        given.open("a") as file,
        pytest.raises(InvalidInput, match="would be lost"),
    ):
        check_report(Path(f"/dev/fd/{file.fileno()}"), [given])
    (tmp_path / ".page.html.new").symlink_to(given)
    with pytest.raises(InvalidInput, match="is a link"):
        check_report(report, [])
