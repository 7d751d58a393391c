"""The measurements run from end to end on the small sample. Their figures are not looked at."""

import importlib
import os
import subprocess
import sys
import tempfile

import pytest

from pipeline.artifacts.runs import find_run, load_run
from tests.support.paths import ROOT

BENCH = ROOT / "bench"
SCRIPTS = [
    "bench_batch.py",
    "bench_batching.py",
    "bench_deep.py",
    "bench_deep_cpu.py",
    "bench_fast_latency.py",
    "bench_fast_throughput.py",
    "bench_lecture.py",
    "bench_ray.py",
    "bench_serving.py",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="pins to a core as Linux does"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def artifacts(folder):
    """Trained once, as a script does it where none is named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.delenv("SENTIMENT_ARTIFACTS", raising=False)
        common = importlib.import_module("common")
        with common.trained(common.read_corpus(quick=True)) as ours:
            assert ours.seconds > 0
            yield str(ours.root)


@pytest.mark.parametrize(
    "script", [name for name in SCRIPTS if "bench_deep" not in name and "ray" not in name]
)
def test_prints_a_row_for_each_side(script, folder, artifacts):
    if script == "bench_batch.py":
        pytest.importorskip("pyarrow", reason="needs the extra [parquet]")
    command = [sys.executable, BENCH / script, "--quick", "--models", folder]
    environment = {**os.environ, "SENTIMENT_ARTIFACTS": artifacts, "TMPDIR": str(folder)}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    printed = answer.stdout
    assert "| sentiment | " in printed or "| sentiment, TSV | " in printed
    rivals = (
        "lecture",
        "scikit-learn",
        "empty Flask route",
        "sentiment, Parquet",
        "each by itself",
    )
    assert any(f"| {rival} | " in printed for rival in rivals)
    is_of_fast = "bench_fast" in script
    assert not is_of_fast or "| fastText | " in printed or "not installed" in printed


@pytest.mark.parametrize(
    ("script", "sides"),
    [
        (
            "bench_deep.py",
            ["transformers pipeline", "onnx int8", "onnx fp32", "torch fp32", "current"],
        ),
        ("bench_deep_cpu.py", ["1 | onnx int8, all layers", "1 | torch fp32, every other"]),
    ],
)
def test_prints_a_row_for_each_engine(script, sides, folder, deep_root):
    model = folder / "model"
    model.mkdir(exist_ok=True)
    for name, content in load_run(find_run(deep_root))[1].items():
        (model / name.replace("weights", "model")).write_bytes(content)
    (model / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    environment = {**os.environ, "BENCH_MODEL": str(model), "SENTIMENT_ARTIFACTS": str(deep_root)}
    command = [sys.executable, BENCH / script, "--quick", "--models", folder]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    for side in sides:
        assert f"| {side}" in answer.stdout


def test_prints_a_row_for_each_number_of_replicas(artifacts):
    pytest.importorskip("ray.serve", reason="needs Ray: make test-ray")
    environment = {**os.environ, "SENTIMENT_ARTIFACTS": artifacts}
    command = [sys.executable, BENCH / "bench_ray.py", "--quick"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "| one box, 1 worker | " in answer.stdout
    assert "| Ray, 2 replicas | " in answer.stdout


def test_files_are_scored_by_the_deep_model_of_a_folder_without_a_fast_one(folder, deep_root):
    given = {"SENTIMENT_ARTIFACTS": str(deep_root), "BENCH_SIDES": "ours", "TMPDIR": str(folder)}
    command = [sys.executable, BENCH / "bench_batch.py", "--quick", "--models", folder]
    answer = subprocess.run(
        command, env=os.environ | given, check=True, capture_output=True, text=True
    )
    assert "| sentiment, deep, TSV | " in answer.stdout
    assert "| sentiment, TSV, 2 jobs | " in answer.stdout
    assert "scikit-learn | " not in answer.stdout


def test_says_what_to_do_without_a_corpus(monkeypatch):
    monkeypatch.delenv("NSMC_DIR", raising=False)
    command = [sys.executable, BENCH / "bench_lecture.py"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "sentiment data --to" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_every_script_is_tried():
    assert sorted(path.name for path in BENCH.glob("bench_*.py")) == SCRIPTS
