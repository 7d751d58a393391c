"""Two real environments, the oldest and the newest libraries allowed, answering for each other.

In each, a model is trained on the sample and sealed. Then both answer with both artifacts, and
every label and confidence must be the same to within 1e-9, the golden answers too.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path

from pipeline.artifacts.golden import golden_texts
from pipeline.reviews.labelled import read_reviews
from tests.support.paths import ROOT, SAMPLE
from tests.torture.tally import table

TOLERANCE = 1e-9
SHOWN = ("numpy", "scikit-learn", "scipy", "joblib")
Answers = list[tuple[str, float]]

_BOUND = re.compile(r"([\w.-]+)>=([\d.]+)")


def compare_versions(scratch: Path) -> bool:
    """Make both environments, compare all answers, print the largest difference."""
    texts = [*read_reviews(SAMPLE).texts, *golden_texts()]
    (scratch / "texts.jsonl").write_text("".join(f"{json.dumps({'text': t})}\n" for t in texts))
    environments = {name: _install(scratch / name, name) for name in ("oldest", "newest")}
    for name, python in environments.items():
        _sentiment(python, "train", "--data", SAMPLE, "--artifacts", scratch / f"sealed-{name}")
        _sentiment(python, "serialize", "--artifacts", scratch / f"sealed-{name}")
    rows, worst = [], 0.0
    for sealed, (answering, python) in product(environments, environments.items()):
        answers = _answers(python, scratch, sealed)
        own = answers if sealed == answering else _answers(environments[sealed], scratch, sealed)
        labels, difference = _compare(own, answers)
        worst = max(worst, difference, float(labels))
        rows.append([f"sealed under {sealed}, answered under {answering}", str(len(answers))])
        rows[-1] += [str(labels), f"{difference:.1e}"]
    print(table(("versions", "texts", "other labels", "largest difference"), rows), flush=True)
    return worst <= TOLERANCE


def _install(folder: Path, which: str) -> str:
    """Interpreter of a new virtual environment with what the project depends on."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = [] if which == "oldest" else ["--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *constraints, *requirements(which)], check=True)
    code = f"import importlib.metadata as m; print(*(n + ' ' + m.version(n) for n in {SHOWN}))"
    versions = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    print(f"{which}: Python {sys.version.split()[0]}, {versions.stdout.strip()}", flush=True)
    return python


def requirements(which: str) -> list[str]:
    """What pyproject.toml names, at its lower bounds for "oldest", else without bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = [_BOUND.match(item) for item in project["dependencies"] if "'Windows'" not in item]
    found = [bound.groups() for bound in bounds if bound]
    return [f"{name}=={low}.*" if which == "oldest" else name for name, low in found]


def _sentiment(python: str, *arguments: object) -> str:
    command = [python, "-m", "cli.main", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"sentiment {arguments[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _answers(python: str, scratch: Path, sealed: str) -> Answers:
    """Labels and confidences of all texts with the artifact sealed under `sealed`."""
    store = scratch / f"sealed-{sealed}"
    output = _sentiment(python, "predict", "--fast", scratch / "texts.jsonl", "--artifacts", store)
    rows = [json.loads(line) for line in output.split("\n") if line]
    return [(row["predicted_label"], row["confidence"]) for row in rows]


def _compare(expected: Answers, given: Answers) -> tuple[int, float]:
    """How many labels differ, and the largest difference in confidence."""
    pairs = list(zip(expected, given, strict=True))
    labels = sum(one[0] != other[0] for one, other in pairs)
    return labels, max(abs(one[1] - other[1]) for one, other in pairs)
