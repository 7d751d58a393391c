"""`sentiment` in a process of its own, on real pipes and files."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.paths import SENTIMENT


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.stdout.decode("utf-8").splitlines()]


def run(
    *arguments: object, given: bytes | None = None, env: Mapping[str, str] | None = None
) -> Done:
    """Run it; `given` goes in through a pipe. A traceback is a failure whatever the test is of."""
    done = subprocess.run(
        [SENTIMENT, *map(os.fspath, map(_path_or_text, arguments))],
        input=given,
        capture_output=True,
        env={**os.environ, **(env or {})},
        check=False,
        timeout=120,
    )
    stderr = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in stderr, stderr
    assert done.returncode != 1, stderr
    return Done(done.returncode, done.stdout, stderr)


def _path_or_text(argument: object) -> str | Path:
    return argument if isinstance(argument, Path) else str(argument)
