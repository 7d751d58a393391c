"""The measurements run from end to end on the small sample. Their figures are not looked at."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "bench"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pins to a core as Linux does")


def run(script: str, models: Path, **environment: str) -> str:
    command = [sys.executable, BENCH / script, "--quick", "--models", models]
    answer = subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return answer.stdout


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifacts")
    command = Path(sys.executable).with_name("sentiment")
    sample = ROOT / "data" / "sample.tsv"
    subprocess.run([command, "train", "--data", sample, "--artifacts", folder], check=True)
    subprocess.run([command, "serialize", "--artifacts", folder], check=True)
    return str(folder)


@pytest.mark.parametrize("script", ["bench_fast_throughput.py", "bench_fast_latency.py"])
def test_a_row_for_each_side(script, models, artifacts):
    printed = run(script, models, SENTIMENT_ARTIFACTS=artifacts)
    assert "| sentiment | " in printed
    assert "| scikit-learn | " in printed
    assert "| fastText | " in printed or "fastText is not installed" in printed


def test_lecture_trains_by_itself(models, monkeypatch):
    monkeypatch.delenv("SENTIMENT_ARTIFACTS", raising=False)
    printed = run("bench_lecture.py", models)
    assert "| lecture | " in printed
    assert "| sentiment | " in printed
    assert "not measured" not in printed


def test_says_what_to_do_without_a_corpus(monkeypatch):
    monkeypatch.delenv("NSMC_DIR", raising=False)
    script = BENCH / "bench_lecture.py"
    answer = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert answer.returncode != 0
    assert "sentiment data --to" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_every_script_is_tried():
    tried = {"bench_fast_throughput.py", "bench_fast_latency.py", "bench_lecture.py"}
    assert {path.name for path in BENCH.glob("bench_*.py")} == tried
