"""The model in scikit-learn's form: exact, and free of this package where it is loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.artifacts.golden import golden_texts
from pipeline.handlers.base import Handler
from tests.support.paths import Invoke


def test_the_pipeline_loads_without_this_package_and_answers_alike(
    invoke: Invoke, sample_root: Path, handler: Handler, tmp_path: Path
) -> None:
    arguments = ["--artifacts", sample_root, "--to", tmp_path, "--also", "sklearn"]
    assert invoke("serialize", *arguments).exit_code == 0
    (path,) = tmp_path.glob("interchange/*/model.sklearn.joblib")
    script = (
        "import sys, json, joblib\n"
        "sys.modules['pipeline'] = None\n"
        f"answers = joblib.load({str(path)!r}).predict_proba(json.load(sys.stdin))\n"
        "print(json.dumps(answers.max(axis=1).tolist()))"
    )
    texts = json.dumps(golden_texts())
    done = subprocess.run(
        [sys.executable, "-c", script], input=texts, capture_output=True, text=True, check=True
    )
    expected = [prediction.confidence for prediction in handler.handle(golden_texts())]
    assert json.loads(done.stdout) == pytest.approx(expected, abs=1e-9)
