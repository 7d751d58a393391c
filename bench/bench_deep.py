"""The deep model under its engines, against transformers' own pipeline; one thread.

BENCH_MODEL names a fine-tuned classifier in Hugging Face's format, a folder or a repository of the
hub. With SENTIMENT_ARTIFACTS, the current deep artifact of that folder is measured too.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from common import Corpus, artifacts, print_table, start
from memory import peak
from packages import installed_megabytes
from timing import batches, interleaved, ratio, totals

from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_current
from pipeline.models.hardware import Hardware
from pipeline.models.transformer.hub import get_model
from pipeline.text.cleaning import clean
from pipeline.workflows.pulling import positive_output, pull
from pipeline.workflows.sealing import Form

MODEL = "monologg/koelectra-base-finetuned-nsmc"
PIPELINE = "transformers pipeline"
FORMS = {
    "onnx int8": Form(precision="int8"),
    "onnx fp32": Form(precision="fp32"),
    "torch fp32": Form(engine="torch"),
}
PRESENT = "current artifact"
REVIEWS, ROUNDS = 2048, 2
LIMIT_SECONDS = 600.0
SINGLE = 200
"""Calls with one review."""
MEMORY_REVIEWS = 256

Score = Callable[[list[str]], list[bool]]


@dataclass
class Recorded:
    """A side that keeps what it answers, for its accuracy: True is positive."""

    answer: Score
    answers: list[list[bool]] = field(default_factory=list)

    def score(self, texts: list[str]) -> None:
        """Answer, as timed."""
        self.answers.append(self.answer(texts))


def main() -> None:
    """Seal each form, time all in turns, print a row each."""
    options, corpus = start(__doc__)
    name = os.environ.get("BENCH_MODEL", MODEL)
    try:
        get_model(name)
    except SentimentError as error:
        print(f"Left out: {error} BENCH_MODEL may name a folder.")
        return
    sources = {PIPELINE: name, **seal(name, options.models)}
    sides = {side: load(side, source) for side, source in sources.items()}
    texts, labels = sample(corpus, 60 if options.quick else REVIEWS)
    rounds = {side: batches(texts, len(texts) // ROUNDS, 1, ROUNDS) for side in sides}
    recorded = {side: Recorded(answer) for side, answer in sides.items()}
    seconds = interleaved(recorded, rounds, LIMIT_SECONDS)
    single = one_by_one(sides, texts[: 10 if options.quick else SINGLE])
    print(f"{len(texts):,} reviews, {sum(map(len, texts)) / len(texts):.0f} characters on average")
    rows = [
        [
            side,
            f"{len(texts) / ROUNDS / median(totals(seconds[side])):,.1f}",
            f"{ratio(seconds, PIPELINE, side)[0]:.2f}×",
            f"{ratio(seconds, PIPELINE, side)[1]:.2f}×",
            f"{accuracy(recorded[side], labels):.2%}",
            *single[side],
            f"{peak_memory(side, sources[side], texts):,.0f} MB",
            f"{installed_megabytes(*packages_for(side)):,.0f} MB",
        ]
        for side in sides
    ]
    header = ["side", "reviews/s (median)", "pipeline's time ÷ its (median)", "least", "accuracy"]
    print_table([*header, "1 review: p50", "p95", "peak memory", "packages"], rows)


def sample(corpus: Corpus, count: int) -> tuple[list[str], list[int]]:
    """Test reviews drawn once and for all, cleaned, and their labels; none is empty."""
    pairs = zip(map(clean, corpus.test.texts), corpus.test.labels, strict=True)
    full = [(text, label) for text, label in pairs if text]
    drawn = np.random.default_rng(0).permutation(len(full))[: count // ROUNDS * ROUNDS]
    return [full[row][0] for row in drawn], [full[row][1] for row in drawn]


def load_pipeline(name: str) -> Score:
    """Transformers as its documentation shows it, in batches of 32."""
    import torch
    from transformers import pipeline

    torch.set_num_threads(1)
    folder = str(get_model(name).folder)
    classify: Any = pipeline("text-classification", model=folder, device="cpu", batch_size=32)
    config = classify.model.config
    positive = config.id2label[positive_output(config.to_dict())]

    def score(texts: list[str]) -> list[bool]:
        return [answer["label"] == positive for answer in classify(texts, truncation=True)]

    return score


def seal(name: str, folder: Path) -> dict[str, str]:
    """Artifacts of each form in `folder`, sealed unless that was done before; where they are."""
    key = hashlib.sha256(repr(get_model(name).files).encode()).hexdigest()[:12]
    roots = {side: folder / f"deep-{key}-{side.replace(' ', '-')}" for side in FORMS}
    for side, root in roots.items():
        if not (root / "deep" / "current.json").exists():
            pull(name, root, form=FORMS[side])
    if (present := artifacts("deep")) is not None:
        roots[PRESENT] = present
    elif named := os.environ.get("SENTIMENT_ARTIFACTS"):
        print(f"{named} holds no deep model.")
    return {side: str(root) for side, root in roots.items()}


def load(side: str, source: str) -> Score:
    """A side's way to answer; `source` is the model's name or the folder of artifacts."""
    if side == PIPELINE:
        return load_pipeline(source)
    handle = load_current(Path(source), "deep", hardware=Hardware(1)).handle
    return lambda texts: [answer.label == "positive" for answer in handle(texts)]


def peak_memory(side: str, source: str, texts: list[str]) -> float:
    """Megabytes that a fresh process with this side alone takes at the most."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_load_and_score, side, source, texts[:MEMORY_REVIEWS]).result()


def _load_and_score(side: str, source: str, texts: list[str]) -> float:
    load(side, source)(texts)
    return peak()


def packages_for(side: str) -> tuple[str, ...]:
    """What is to be installed to use it."""
    if side == PIPELINE:
        return ("torch", "transformers")
    return (f"sentiment-toolkit[{'deep' if side.startswith('torch') else 'onnx'}]",)


def one_by_one(sides: dict[str, Score], texts: list[str]) -> dict[str, list[str]]:
    """p50 and p95 of calls with one review, by side, in milliseconds."""
    recorded = {side: Recorded(answer) for side, answer in sides.items()}
    rounds = {side: [[[text] for text in texts]] for side in sides}
    seconds = interleaved(recorded, rounds)
    return {
        side: [f"{1000 * value:.1f} ms" for value in np.percentile(seconds[side], [50, 95])]
        for side in sides
    }


def accuracy(side: Recorded, labels: list[int]) -> float:
    """Share of reviews judged as labelled; the first call only warmed the side up."""
    answers = [answer for batch in side.answers[1:] for answer in batch]
    return float(np.mean(np.array(answers) == labels[: len(answers)]))


if __name__ == "__main__":
    main()
