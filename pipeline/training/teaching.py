"""Teachers judge reviews without labels, for another model to learn from (knowledge distillation).

After Hinton et al. 2015, "Distilling the knowledge in a neural network": the soft label of a review
is the teachers' mean probability of positive.
"""

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.files.layouts import ReadSettings
from pipeline.files.reading import ignore
from pipeline.files.sources import Source
from pipeline.models.base import Model
from pipeline.progress import progress_bar
from pipeline.reviews.labelled import Tell
from pipeline.reviews.unlabelled import read_unlabelled
from pipeline.training.judgements import Hashes, Judgements, Probabilities, hash_texts

FOLDER = "judged"
"""Folder under the root that keeps what teachers have judged."""

SECONDS_BETWEEN = 20.0
"""How much work a process that is killed may lose; one that is interrupted loses a batch."""

_FIRST_BATCH, _LARGEST_BATCH, _BATCH_SECONDS = 256, 2**14, 1.0


class Teacher(NamedTuple):
    """A model that judges; `digest` is that of its artifact, `name` what it is called.

    `load` gives the model, and is called only where there is something to judge.
    """

    name: str
    digest: str
    load: Callable[[], Model]


@dataclass(frozen=True)
class Taught:
    """n distinct cleaned texts and the teachers' mean probability of positive, shape (n,).

    `record`: what the manifest says of them. `groups`: which of the given inputs each came with,
    from 0 on, shape (n,).
    """

    texts: list[str] = field(repr=False)
    positive: NDArray[np.float64] = field(repr=False)
    record: dict[str, Any]
    groups: NDArray[np.intp] = field(repr=False)


@dataclass(frozen=True)
class Lesson:
    """Inputs of reviews without labels, each of one or more files, and who judges them."""

    inputs: Sequence[Sequence[Source]]
    read: ReadSettings
    teachers: Sequence[Teacher]

    def give(self, root: Path, leave_out: Container[str], tell: Tell = ignore) -> Taught:
        """Read and judge the reviews; what was judged before is kept under `root`.

        `leave_out`: the cleaned texts of all labelled reviews, to train and to test on. Teachers
        may have learned their labels, and nothing is to be learned of those held out. Raises
        InvalidInput for files that cannot be read, or without other reviews.
        """
        sources = [source for group in self.inputs for source in group]
        found = read_unlabelled(sources, self.read, leave_out, tell)
        positive = judge(found.texts, self.teachers, root, tell)
        teachers = [{"name": one.name, "digest": one.digest} for one in self.teachers]
        groups = np.repeat(np.arange(len(self.inputs)), [len(group) for group in self.inputs])
        record = {**found.facts, "teachers": teachers}
        return Taught(found.texts, positive, record, groups[found.sources])


def judge(
    cleaned: Sequence[str], teachers: Sequence[Teacher], root: Path, tell: Tell = ignore
) -> NDArray[np.float64]:
    """The teachers' mean probability of positive for n cleaned texts, shape (n,).

    An interrupted call loses a few seconds of work: the next one continues from what is kept.
    """
    hashes = hash_texts(cleaned)
    answers = []
    for teacher in teachers:
        kept = Judgements(root / FOLDER / teacher.digest)
        answers.append(_answers(cleaned, hashes, teacher, kept, tell))
    mean: NDArray[np.float64] = np.mean(answers, axis=0, dtype=np.float64)
    return mean


def _answers(
    cleaned: Sequence[str], hashes: Hashes, teacher: Teacher, kept: Judgements, tell: Tell
) -> Probabilities:
    """One teacher's probabilities of positive: those kept, and the others judged now."""
    found = kept.find(hashes)
    todo = np.flatnonzero(np.isnan(found))
    tell(
        f"{teacher.name}: {todo.size:,} reviews to judge, {found.size - todo.size:,} judged before"
    )
    if not todo.size:
        return found
    model, start, saved, saved_at, size = teacher.load(), 0, 0, time.monotonic(), _FIRST_BATCH
    with progress_bar(todo.size, f"{teacher.name} judges") as bar:
        try:
            while start < todo.size:
                began, rows = time.monotonic(), todo[start : start + size]
                found[rows] = model.probabilities([cleaned[row] for row in rows])[:, 1]
                start += rows.size
                bar.update(rows.size)
                if time.monotonic() - began < _BATCH_SECONDS:
                    size = min(2 * size, _LARGEST_BATCH)
                if time.monotonic() - saved_at > SECONDS_BETWEEN:
                    kept.keep(hashes[todo[saved:start]], found[todo[saved:start]])
                    saved, saved_at = start, time.monotonic()
        finally:
            if saved < start:
                kept.keep(hashes[todo[saved:start]], found[todo[saved:start]])
    return found
