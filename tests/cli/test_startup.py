"""Commands load what they need and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import Invoke

HEAVY = ("numpy", "scipy", "sklearn", "joblib", "flask", "gunicorn", "pydantic", "torch")


def modules_after(*arguments: str) -> set[str]:
    """Names of the modules that are loaded when `sentiment` with these arguments ends."""
    script = (
        "import sys\n"
        "from cli.main import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_help_loads_nothing_heavy() -> None:
    assert not modules_after("--help").intersection(HEAVY)


def test_help_of_a_command_loads_nothing_heavy() -> None:
    assert not modules_after("predict", "--help").intersection(HEAVY)


def test_predict_fast_needs_no_scikit_learn(sample_root: Path) -> None:
    loaded = modules_after("predict", "--fast", "--artifacts", str(sample_root), "--text", "굿")
    assert "numpy" in loaded
    assert not loaded.intersection({"scipy", "sklearn", "flask", "torch"})


@pytest.mark.parametrize("group", [(), ("artifacts",), ("runs",)])
def test_short_helps_fit_their_line(group: tuple[str, ...], invoke: Invoke) -> None:
    _, _, commands = invoke(*group, "--help").output.partition("Commands:")
    assert commands
    assert "..." not in commands


def test_no_color_is_respected(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in invoke("doctor", color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in invoke("doctor", color=True).output
