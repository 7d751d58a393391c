"""A real deep model: the same answers in any company, at every door, and without torch."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.artifacts.runs import find_run
from pipeline.handlers.base import Handler, Prediction
from pipeline.handlers.loading import load_current
from pipeline.reviews.labelled import read_reviews
from pipeline.reviews.nsmc import TEST, TRAIN
from pipeline.workflows.pulling import pull
from pipeline.workflows.sealing import Form, serialize
from tests.support.paths import ROOT, SENTIMENT
from tests.support.served import served
from tests.support.tiny_models import make_model
from tests.torture.tally import table

FORMS = {
    "onnx int8": Form(),
    "onnx fp32": Form(precision="fp32"),
    "torch fp32": Form(engine="torch"),
}
SIZES = (1, 7, 32)
UNWANTED = ("torch", "transformers", "onnx", "safetensors")
TEXTS_A_REQUEST = 100

Answers = Sequence[tuple[str, float]]


def why_not() -> str | None:
    """Why there is no real model to try."""
    missing = [name for name in ("MODELS_DIR", "NSMC_DIR") if name not in os.environ]
    return f"{' and '.join(missing)} not set" if missing else None


def check_invariance(scratch: Path, reviews: int) -> bool:
    """Training reviews alone and in shuffled batches, against all at once, by every engine."""
    texts = read_reviews(Path(os.environ["NSMC_DIR"]) / TRAIN.name).texts[:reviews]
    rows, fine = [], True
    for name, handler in _every_form(scratch):
        expected = _pairs(handler.handle(texts))
        for size in SIZES:
            order = np.random.default_rng(size).permutation(len(texts)).tolist()
            batches = _cut([texts[row] for row in order], size)
            given = [pair for batch in batches for pair in _pairs(handler.handle(batch))]
            labels, largest = compare([expected[row] for row in order], given)
            fine &= labels == 0 and largest <= handler.artifact.manifest.tolerance
            rows.append([name, f"shuffled, in batches of {size}", str(labels), f"{largest:.1e}"])
            print(rows[-1], file=sys.stderr, flush=True)
    head = ("engine", f"{len(texts):,} reviews", "other labels", "largest difference")
    print(table(head, rows), flush=True)
    return fine


def check_parity(scratch: Path, reviews: int, alone: int) -> bool:
    """Test reviews by the handler at once, one by one, by `predict` and over HTTP.

    The model is the current one of SENTIMENT_ARTIFACTS, else the real one, pulled.
    """
    texts = read_reviews(Path(os.environ["NSMC_DIR"]) / TEST.name).texts[:reviews]
    texts = [text for text in texts if text]  # the API refuses empty ones
    named = os.environ.get("SENTIMENT_ARTIFACTS")
    root = Path(named) if named else scratch
    if not named:
        pull(_model(), root)
    handler = load_current(root, "deep")
    expected = _pairs(handler.handle(texts))
    doors = {
        "one by one": [_pairs(handler.handle([text]))[0] for text in texts[:alone]],
        "predict": _predicted(root, scratch, texts),
        "HTTP": _asked(root, texts),
    }
    rows, fine = [], True
    for name, given in doors.items():
        labels, largest = compare(expected[: len(given)], given)
        fine &= labels == 0 and largest <= handler.artifact.manifest.tolerance
        rows.append([name, f"{len(given):,}", str(labels), f"{largest:.1e}"])
    head = (f"{handler.name} against `handle`", "reviews", "other labels", "largest difference")
    print(table(head, rows), flush=True)
    return fine


def check_bare(scratch: Path) -> bool:
    """A fresh environment with the extra [onnx] alone predicts and serves a deep model."""
    root, python = scratch / "artifacts", scratch / "venv" / "bin" / "python"
    pull(str(make_model(scratch / "tiny", "bert")), root, form=Form(precision="fp32"))
    subprocess.run([sys.executable, "-m", "venv", scratch / "venv"], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", ROOT / "constraints.txt", f"{ROOT}[onnx]"], check=True)
    find = f"import importlib.util as u; print([n for n in {UNWANTED} if u.find_spec(n)])"
    found = subprocess.run([python, "-c", find], cwd=scratch, stdout=subprocess.PIPE, check=True)
    print(f"installed of {', '.join(UNWANTED)}: {found.stdout.decode().strip()}")
    texts = ["굿", "돈 아깝다"]
    expected = _pairs(load_current(root, "deep").handle(texts))
    command = str(python.with_name("sentiment"))
    given = {
        "predict": _predicted(root, scratch, texts, command),
        "HTTP": _asked(root, texts, command),
    }
    for name, answers in given.items():
        print(f"{name}: {answers}; here: {expected}")
    same = all(compare(expected, answers)[0] == 0 for answers in given.values())
    return same and found.stdout.strip() == b"[]"


def compare(expected: Answers, given: Answers) -> tuple[int, float]:
    """How many labels differ, and the largest difference in confidence."""
    pairs = list(zip(expected, given, strict=True))
    labels = sum(one[0] != other[0] for one, other in pairs)
    return labels, max(abs(one[1] - other[1]) for one, other in pairs)


def _model() -> str:
    return str(Path(os.environ["MODELS_DIR"]) / "nsmc-e5-small-ko")


def _every_form(scratch: Path) -> Iterator[tuple[str, Handler]]:
    """A handler of each form of the real model, sealed from one run."""
    pull(_model(), scratch)
    run = find_run(scratch).name
    for name, form in FORMS.items():
        store = scratch / name.replace(" ", "-")
        serialize(scratch, run, store, form=form)
        yield name, load_current(store, "deep")


def _cut(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (texts[start : start + size] for start in range(0, len(texts), size))


def _pairs(answers: Sequence[Prediction]) -> list[tuple[str, float]]:
    return [(answer.label, answer.confidence) for answer in answers]


def _predicted(root: Path, scratch: Path, texts: Sequence[str], command: str = "") -> Answers:
    """By `sentiment predict` on a file."""
    given, scored = scratch / "given.jsonl", scratch / "scored.jsonl"
    given.write_text("".join(f"{json.dumps({'text': text})}\n" for text in texts))
    sentiment = [command or SENTIMENT, "predict", "--artifacts", root]
    subprocess.run([*sentiment, given, "-o", scored], cwd=scratch, check=True)
    rows = [json.loads(line) for line in scored.read_text("utf-8").split("\n") if line]
    return [(row["predicted_label"], row["confidence"]) for row in rows]


def _asked(root: Path, texts: Sequence[str], command: str = "") -> Answers:
    """By `sentiment serve`, some hundred texts a request."""
    answers: list[tuple[str, float]] = []
    with served(root, command=(command or SENTIMENT,)) as server:
        for batch in _cut(texts, TEXTS_A_REQUEST):
            body = json.dumps({"text": batch, "do_fast": False}).encode()
            with urllib.request.urlopen(f"{server.url}/predict", body) as response:
                answers += [(a["label"], a["confidence"]) for a in json.load(response).values()]
    return answers
