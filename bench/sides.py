"""The sides that are compared: each loads a fitted model from a path and scores a list of texts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS, SKLEARN, FASTTEXT = "sentiment", "scikit-learn", "fastText"


@dataclass(frozen=True)
class Side:
    """`score` is what is timed; `positives` turns its answers into booleans afterwards."""

    name: str
    score: Callable[[list[str]], Any]
    positives: Callable[[Any], list[bool]]

    def accuracy(self, texts: list[str], labels: list[int]) -> float:
        """Share of texts judged as labelled."""
        answers = self.positives(self.score(texts))
        right = sum(answer == label for answer, label in zip(answers, labels, strict=True))
        return right / len(labels)


def load_ours(path: Path) -> Side:
    """The handler as served: cleaning, features, scoring and a Prediction a review."""
    from pipeline.handlers.loading import load_current

    handler = load_current(path, "fast")
    return Side(OURS, handler.handle, lambda answers: [a.label == "positive" for a in answers])


def load_sklearn(path: Path) -> Side:
    """A fitted scikit-learn pipeline; its answer is the array of probabilities."""
    import joblib

    pipeline = joblib.load(path)
    return Side(SKLEARN, pipeline.predict_proba, likelier_positive)


def likelier_positive(probabilities: Any) -> list[bool]:
    """Answers of scikit-learn's `predict_proba`, shape (n, 2), as booleans."""
    answers: list[bool] = (probabilities[:, 1] > 0.5).tolist()
    return answers


def load_fasttext(path: Path) -> Side:
    """A fastText model, asked for a list at a time; its answer is lists of labels and floats."""
    import fasttext

    # The plain list call needs no numpy and is the quickest one for a single review too.
    predict = fasttext.load_model(str(path)).predict
    return Side(FASTTEXT, predict, lambda answers: [row[0][-1] == "1" for row in answers[0]])


LOADERS: dict[str, Callable[[Path], Side]] = {
    OURS: load_ours,
    SKLEARN: load_sklearn,
    FASTTEXT: load_fasttext,
}


def load(name: str, path: Path) -> Side:
    """The side of this name, with its model from this path."""
    return LOADERS[name](path)
