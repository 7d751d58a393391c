"""One side of bench_batch.py, from file to file in a fresh Python: `file_sides.py SIDE CORES …`.

The cores are those that it may run on, separated by commas.
"""

import os
import sys
from itertools import islice

BLOCK = 10_000
"""Lines that fastText is asked for at a time: that is its quickest way."""


def ours(*arguments: str) -> None:
    """The command, as installed."""
    from cli.main import main

    main(arguments)


def sklearn(model: str, given: str, scored: str) -> None:
    """Pandas and scikit-learn as people write it: all in memory."""
    import joblib
    import pandas

    reviews = pandas.read_csv(given, sep="\t")
    probabilities = joblib.load(model).predict_proba(reviews.document.fillna(""))
    reviews["predicted_label"] = probabilities.argmax(axis=1)
    reviews["confidence"] = probabilities.max(axis=1)
    reviews.to_csv(scored, sep="\t", index=False)


def fasttext(model: str, given: str, scored: str) -> None:
    """The Python package over the lines of a file that holds nothing but reviews, one a line."""
    from fasttext import load_model

    predict = load_model(model).predict
    with open(given, encoding="utf-8") as lines, open(scored, "w", encoding="utf-8") as out:  # noqa: PTH123
        while block := [line.rstrip("\n") for line in islice(lines, BLOCK)]:
            labels, confidences = predict(block)
            out.writelines(
                f"{label[0]}\t{confidence[0]}\n"
                for label, confidence in zip(labels, confidences, strict=True)
            )


if __name__ == "__main__":
    side, cores, *rest = sys.argv[1:]
    os.sched_setaffinity(0, map(int, cores.split(",")))
    {"ours": ours, "sklearn": sklearn, "fasttext": fasttext}[side](*rest)
