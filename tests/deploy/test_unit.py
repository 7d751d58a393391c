"""The systemd unit, as systemd itself judges it."""

import re
import shutil
import subprocess

import pytest

from tests.support.paths import ROOT

UNIT = ROOT / "deploy" / "sentiment.service"
MOST_EXPOSURE = 2.5

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd is not installed"
)


def analyze(*arguments: object) -> str:
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


def test_little_is_open_to_it() -> None:
    found = re.search(
        r"exposure level for \S+: ([\d.]+)", analyze("security", "--offline=true", UNIT)
    )
    assert found
    assert float(found[1]) <= MOST_EXPOSURE


def test_systemd_understands_every_line() -> None:
    """All that it may miss is the program, which is not installed here."""
    said = analyze("verify", UNIT).splitlines()
    assert [line for line in said if "/opt/sentiment/.venv/bin/sentiment" not in line] == []
