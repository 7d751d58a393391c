"""The lecture's model against ours: CountVectorizer and MultinomialNB over words.

Accuracy on the test reviews, seconds to train, reviews per second on one core. The lecture's
seconds are those of `fit` alone; ours are those of the whole command `sentiment train`, which also
starts Python, reads the files, chooses the regularization, calibrates and evaluates.
"""

import time
from statistics import median
from typing import Any

from common import Corpus, Trained, print_table, start, trained
from sides import OURS, Side, likelier_positive, load_ours
from timing import interleaved, totals

LECTURE = "lecture"
ROUNDS = 5


def main() -> None:
    """Fit both, time them in turns, print a row each."""
    options, corpus = start(__doc__)
    lecture, fit_seconds = fit_lecture(corpus)
    with trained(corpus) as ours:
        sides = {LECTURE: lecture, OURS: load_ours(ours.root)}
    rounds = 2 if options.quick else ROUNDS
    seconds = interleaved(sides, {name: [[corpus.test.texts]] * rounds for name in sides})
    training = {LECTURE: f"{fit_seconds:.1f} s", OURS: training_cell(ours)}
    rows = [
        [
            name,
            f"{side.accuracy(corpus.test.texts, corpus.test.labels):.2%}",
            training[name],
            f"{len(corpus.test) / median(totals(seconds[name])):,.0f}",
        ]
        for name, side in sides.items()
    ]
    print_table(["side", "accuracy", "training", "reviews/s (median)"], rows)


def fit_lecture(corpus: Corpus) -> tuple[Side, float]:
    """The lecture's pipeline with its defaults, and the seconds it took to fit."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    pipeline: Any = make_pipeline(CountVectorizer(), MultinomialNB())
    begin = time.perf_counter()
    pipeline.fit(corpus.train.texts, corpus.train.labels)
    seconds = time.perf_counter() - begin
    return Side(LECTURE, pipeline.predict_proba, likelier_positive), seconds


def training_cell(ours: Trained) -> str:
    """Seconds of `sentiment train`, where this script ran it."""
    return "not measured" if ours.seconds is None else f"{ours.seconds:.1f} s"


if __name__ == "__main__":
    main()
