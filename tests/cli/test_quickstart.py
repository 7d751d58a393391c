"""`sentiment quickstart` in a folder without anything, on a machine without a network."""

import os
import subprocess
from pathlib import Path

from pipeline.artifacts import builtin
from tests.support.paths import SENTIMENT

CLOSED = "http://127.0.0.1:9"
"""A proxy that is not there."""


def test_without_reviews_the_builtin_model_has_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "https_proxy": CLOSED, "NSMC_DIR": ""}
    command = [SENTIMENT, "quickstart", "--no-serve"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.count('"label"') == 4
    assert "NSMC could not be had: " in done.stderr
    assert builtin.USING in done.stderr
    assert "Serve it:      sentiment serve" in done.stderr
    assert not (tmp_path / "artifacts").exists()
