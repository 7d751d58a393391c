"""All that a GPU is for, step by step, with the product's own commands: a table at the end.

Two teachers are fine-tuned on NSMC, judge reviews without labels, and students learn from both:

    python bench/gpu.py --data NSMC_FOLDER --base ENCODER --unlabelled REVIEWS --out FOLDER

It needs an accelerator and the extra [deep]; `--share 0.02` tries every step in a minute or two.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts.runs import Run, find_run, load_run
from pipeline.handlers.loading import load_folder
from pipeline.models.hardware import Hardware
from pipeline.models.transformer.devices import describe, find_device
from pipeline.reviews.labelled import read_reviews

SENTIMENT = (sys.executable, "-m", "cli.main")
ROOT = Path(__file__).parents[1]
BF16 = ("--engine", "torch", "--precision", "bf16")
COPIES = 8
"""Of the test reviews, in the file that is scored."""
COMPARED = 10_000
"""Test reviews whose labels are compared with the CPU's."""
AT_A_TIME = 50_000


@dataclass(frozen=True)
class Steps:
    """Where the data lies and the results go; `share` of the passes are made, for a trial."""

    data: Path
    base: str
    unlabelled: Path
    out: Path
    share: float

    def run(self, *command: object) -> float:
        """Run `sentiment` with these arguments; return the seconds it took."""
        begin = time.perf_counter()
        words = [*SENTIMENT, *map(str, command)]
        done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False)
        seconds = time.perf_counter() - begin
        print(f"== {' '.join(words[3:])}: {seconds:.1f} s\n{done.stdout}{done.stderr[-2000:]}")
        if done.returncode:
            sys.exit(f"failed with {done.returncode}")
        return seconds

    def train(self, name: str, *options: object, epochs: float = 3.0) -> tuple[Run, float]:
        """Fine-tune into a folder of this name, and seal it for the GPU."""
        folder = self.out / name
        begin = ("train", "--deep", "--base", self.base, "--data", self.data)
        passes = ("--epochs", epochs * self.share, "--artifacts", folder, "--device", "cuda")
        seconds = self.run(*begin, *passes, *options)
        self.run("serialize", *BF16, "--artifacts", folder)
        return load_run(find_run(folder, None))[0], seconds

    def artifact(self, name: str) -> Path:
        """The folder of what `train` sealed."""
        (manifest,) = (self.out / name / "deep").glob("*/manifest.json")
        return manifest.parent


def main() -> None:
    """Run all steps and print what they took and gave."""
    steps = _parsed()
    alone = ("--no-blend", "--learning-rate")
    teachers = {"teacher-1": (*alone, 3e-4), "teacher-2": (*alone, 2.5e-4)}
    rows = _at_once(steps, teachers)
    taught: list[object] = ["--unlabelled", steps.unlabelled]
    for name in teachers:
        taught += ["--teacher", steps.artifact(name)]
    students = {"student": taught, "student-adapted": [*taught, "--adapt", 5 * steps.share]}
    rows += _at_once(steps, students)
    best = max(students, key=lambda name: _held_out(steps, name))
    rows += _measured(steps, "teacher-1", "encoder") + _measured(steps, best, best)
    steps.run("serialize", "--artifacts", steps.out / best, "--to", steps.out / "int8")
    print(f"\n{describe(find_device(Hardware()))}")
    for what, figure in rows:
        print(f"{what:<48} {figure}")


def _parsed() -> Steps:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--unlabelled", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0)
    given = vars(parser.parse_args())
    return Steps(**{name: _absolute(value) for name, value in given.items()})


def _absolute(value: Any) -> Any:
    return value.absolute() if isinstance(value, Path) else value


def _at_once(steps: Steps, wanted: dict[str, Sequence[object]]) -> list[tuple[str, str]]:
    """Train these beside each other: one alone leaves most of a large GPU idle."""
    with ThreadPoolExecutor() as pool:
        done = {name: pool.submit(steps.train, name, *options) for name, options in wanted.items()}
    rows = []
    for name, future in done.items():
        run, seconds = future.result()
        rows.append((f"{name}: seconds of train, beside each other", f"{seconds:.1f}"))
        for part, figures in run.metrics.items():
            rows.append((f"{name}: accuracy, {part}", f"{100 * figures['accuracy']:.2f} %"))
    return rows


def _held_out(steps: Steps, name: str) -> float:
    metrics = load_run(find_run(steps.out / name, None))[0].metrics
    accuracy: float = metrics["held_out"]["accuracy"]
    return accuracy


def _measured(steps: Steps, name: str, called: str) -> list[tuple[str, str]]:
    """Speed in memory and from file to file, and the labels beside those of the CPU in fp32."""
    folder = steps.artifact(name)
    reviews = read_reviews(steps.data / "ratings_test.txt")
    handler = load_folder(folder, hardware=Hardware(device="cuda"))
    handler.handle(reviews.texts)
    begin = time.perf_counter()
    answers = handler.handle(reviews.texts[:AT_A_TIME])
    speed = len(answers) / (time.perf_counter() - begin)
    positive = np.array([answer.label == "positive" for answer in answers])
    right = np.mean(positive == np.array(reviews.labels[:AT_A_TIME]))
    exact = load_folder(folder, hardware=Hardware(device="cpu")).handle(reviews.texts[:COMPARED])
    same = np.mean(positive[:COMPARED] == [answer.label == "positive" for answer in exact])
    scored = steps.out / f"{name}.csv"
    source = steps.out / "reviews.csv"
    source.write_text("review\n" + "".join(f'"{_quoted(t)}"\n' for t in reviews.texts) * COPIES)
    use = ("--artifacts", steps.out / name, "--device", "cuda")
    seconds = steps.run("predict", "--model", "deep", source, "-o", scored, "--restart", *use)
    rows = len(reviews.texts) * COPIES
    return [
        (f"{called}: handle, reviews/s", f"{speed:,.0f}"),
        (f"{called}: accuracy on the test reviews, bf16", f"{100 * right:.2f} %"),
        (f"{called}: labels equal to those of the CPU in fp32", f"{100 * same:.2f} %"),
        (f"{called}: predict, {rows:,} rows, whole command, rows/s", f"{rows / seconds:,.0f}"),
    ]


def _quoted(text: str) -> str:
    return text.replace('"', '""').replace("\n", " ")


if __name__ == "__main__":
    main()
