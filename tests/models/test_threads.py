"""A process that answers with the deep model has as many threads as told, in all libraries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")

SCRIPT = """
import os, sys
from pathlib import Path
from pipeline.handlers.loading import load_current
from pipeline.models.hardware import Hardware
threads = int(sys.argv[2]) or None
handler = load_current(Path(sys.argv[1]), "deep", hardware=Hardware(threads))
handler.handle(["굿", "별로"])
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.parametrize(("told", "found"), [(3, 6), (0, 2)])
def test_network_and_tokenizer_have_as_many_as_told(told: int, found: int, deep_root: Path) -> None:
    """The network's include this thread, the tokenizer's do not. 0: OMP_NUM_THREADS tells."""
    own = {"OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"}
    environment = {key: value for key, value in os.environ.items() if key not in own}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, deep_root, str(told)],
        env=environment | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == found
