"""The server without gunicorn, as on Windows: in its own process, on asyncio's loop."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from pipeline.handlers.base import Handler
from tests.support.load import Load
from tests.support.paths import ROOT
from tests.support.served import served
from tests.support.waiting import wait_until

ALONE = (sys.executable, "-m", "tests.support.alone")
IMPORT_ALL = """
import importlib.util, pkgutil
from tests.support.alone import hide
hide()
import cli.serve, pipeline.server
left_out = {"pipeline.server.master", "pipeline.server.worker"}
if importlib.util.find_spec("opentelemetry") is None:  # the extra [otel]
    left_out.add("pipeline.server.tracing")
for module in pkgutil.iter_modules(pipeline.server.__path__, "pipeline.server."):
    if module.name not in left_out:
        importlib.import_module(module.name)
"""


def test_all_but_master_and_worker_can_be_imported_on_windows() -> None:
    subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, check=True, timeout=60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no signal ends a process gently there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_and_ends(
    sample_root: Path, handler: Handler, expected: dict, number: signal.Signals
) -> None:
    texts = ["정말 재밌게 잘봤습니다!", " 노잼\n\x00"]
    with served(sample_root, command=ALONE) as running:
        response = requests.post(f"{running.url}/predict", json={"text": texts}, timeout=30)
        assert list(response.json().values()) == [a._asdict() for a in handler.handle(texts)]
        assert "sentiment_requests_total" in requests.get(f"{running.url}/metrics", timeout=30).text
        with Load(running.port, expected, clients=4, ends=True).running() as load:
            wait_until(lambda: load.counts["200"] > 200)
            running.process.send_signal(number)
            assert running.process.wait(20) == 0
        assert running.log.read_text("utf-8").count("Traceback") == 0
    assert not load.problems
    assert set(load.counts) <= {"200", "refused"}
