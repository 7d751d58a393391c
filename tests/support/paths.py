"""Where things are, and the type of the fixture that runs `sentiment` in this process."""

import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample.tsv"
SENTIMENT = str(Path(sys.executable).with_name("sentiment"))

Invoke = Callable[..., Result]
