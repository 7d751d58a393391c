"""All that a GPU is for, step by step, with the product's own commands: a table at the end.

An encoder is fine-tuned on NSMC; students learn from reviews without labels, too, which teachers
judge: artifacts of deep models that are given, or two encoders that are trained here first.

    python bench/gpu.py --data NSMC_FOLDER --base ENCODER --unlabelled REVIEWS --out FOLDER

It needs an accelerator and the extra [deep]; `--share 0.1` tries every step.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.runs import find_run, load_run
from pipeline.handlers.loading import load_folder
from pipeline.models.hardware import Hardware
from pipeline.models.transformer.devices import describe, find_device
from pipeline.reviews.labelled import read_reviews

SENTIMENT = (sys.executable, "-m", "cli.main")
ROOT = Path(__file__).parents[1]
BF16 = ("--engine", "torch", "--precision", "bf16")
COPIES = 10
"""Of the test reviews, in the file that is scored."""
COMPARED = 10_000
"""Test reviews whose labels are compared with the CPU's."""


@dataclass(frozen=True)
class Steps:
    """Where the data lies and the results go; `share` of the passes are made, for a trial."""

    data: Path
    base: str
    unlabelled: Path
    teacher: Sequence[Path]
    out: Path
    share: float

    def run(self, *command: object) -> float:
        """Run `sentiment` with these arguments; return the seconds it took."""
        begin = time.perf_counter()
        words = [*SENTIMENT, *map(str, command)]
        done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False)
        seconds = time.perf_counter() - begin
        told = f"== {' '.join(words[3:])}: {seconds:.1f} s\n{done.stdout}{done.stderr[-2000:]}"
        print(told, flush=True)
        if done.returncode:
            sys.exit(f"failed with {done.returncode}")
        return seconds

    def train(self, name: str, *options: object) -> list[tuple[str, str]]:
        """Fine-tune into a folder of this name; rows of the table about it."""
        begin = ("train", "--deep", "--base", self.base, "--data", self.data)
        where = ("--artifacts", self.out / name, "--device", "cuda")
        seconds = self.run(*begin, "--epochs", 3.0 * self.share, *where, *options)
        figures = {part: found["accuracy"] for part, found in self.metrics(name).items()}
        rows = [(f"{name}: seconds, beside the others", f"{seconds:.1f}")]
        return rows + [
            (f"{name}: right, {part}", f"{100 * n:.2f} %") for part, n in figures.items()
        ]

    def metrics(self, name: str) -> dict[str, Any]:
        """The figures of what was trained."""
        return load_run(find_run(self.out / name, None))[0].metrics

    def seal(self, name: str) -> Path:
        """Seal what was trained for a GPU; return the artifact's folder."""
        self.run("serialize", *BF16, "--artifacts", self.out / name)
        return self.artifact(name)

    def artifact(self, name: str) -> Path:
        """The folder of what `seal` made."""
        (manifest,) = (self.out / name / "deep").glob("*/manifest.json")
        return manifest.parent


def main() -> None:
    """Run all steps and print what they took and gave."""
    steps = _parsed()
    alone = ("--no-blend", "--learning-rate")
    rows, encoder, teachers = [], {"encoder": (*alone, 3e-4)}, steps.teacher
    if not teachers:
        rows += _at_once(steps, {**encoder, "second": (*alone, 2.5e-4)})
        teachers, encoder = _each(steps.seal, ["encoder", "second"]), {}
    taught: list[object] = ["--unlabelled", steps.unlabelled]
    for teacher in teachers:
        taught += ["--teacher", teacher]
    rows += _at_once(steps, {**encoder, "student": taught})
    _each(steps.seal, ["student", *encoder])
    rows += _speed(steps, "encoder") + _speed(steps, "student")
    rows += _from_file_to_file(steps, "student")
    print(f"\n{describe(find_device(Hardware()))}")
    for what, figure in rows:
        print(f"{what:<56} {figure}")


def _each(work: Callable[[str], Path], names: Sequence[str]) -> list[Path]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, names))


def _parsed() -> Steps:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--unlabelled", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0)
    given = vars(parser.parse_args())
    return Steps(**{name: _absolute(value) for name, value in given.items()})


def _absolute(value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(one) for one in value]
    return value.absolute() if isinstance(value, Path) else value


def _at_once(steps: Steps, wanted: dict[str, Sequence[object]]) -> list[tuple[str, str]]:
    """Train these beside each other: one alone leaves most of a large GPU idle."""
    with ThreadPoolExecutor() as pool:
        done = [pool.submit(steps.train, name, *options) for name, options in wanted.items()]
    return [row for future in done for row in future.result()]


def _speed(steps: Steps, name: str) -> list[tuple[str, str]]:
    """Speed in memory, and the labels beside those of the CPU in fp32."""
    folder = steps.artifact(name)
    reviews = read_reviews(steps.data / "ratings_test.txt")
    handler = load_folder(folder, hardware=Hardware(device="cuda"))
    handler.handle(reviews.texts)
    begin = time.perf_counter()
    answers = handler.handle(reviews.texts)
    speed = len(answers) / (time.perf_counter() - begin)
    positive = np.array([answer.label == "positive" for answer in answers])
    right = np.mean(positive == np.array(reviews.labels))
    exact = load_folder(folder, hardware=Hardware(device="cpu")).handle(reviews.texts[:COMPARED])
    same = np.mean(positive[:COMPARED] == [answer.label == "positive" for answer in exact])
    return [
        (f"{name}: handle, reviews/s", f"{speed:,.0f}"),
        (f"{name}: right, test, bf16", f"{100 * right:.2f} %"),
        (f"{name}: labels equal to those of the CPU in fp32", f"{100 * same:.2f} %"),
    ]


def _from_file_to_file(steps: Steps, name: str) -> list[tuple[str, str]]:
    reviews = read_reviews(steps.data / "ratings_test.txt").texts
    source = steps.out / "reviews.csv"
    source.write_text("review\n" + "".join(f'"{_quoted(text)}"\n' for text in reviews) * COPIES)
    use = ("--artifacts", steps.out / name, "--device", "cuda", "--restart")
    scored = steps.out / "scored.csv"
    seconds = steps.run("predict", "--model", "deep", source, "-o", scored, *use)
    rows = len(reviews) * COPIES
    what = f"{name}: predict, {rows:,} rows, whole command, rows/s"
    return [(what, f"{rows / seconds:,.0f}")]


def _quoted(text: str) -> str:
    return text.replace('"', '""').replace("\n", " ")


if __name__ == "__main__":
    main()
