"""Reviews per second on one core: the fast model, scikit-learn's n-grams and fastText.

All the reviews in one call, all sides in one process, in turns over several rounds. Ours includes
cleaning and the Prediction objects; the others get cleaned texts. The scikit-learn side is
TfidfVectorizer and LogisticRegression over characters, orders 1-4, full vocabulary, fitted on all
training reviews; its answer is an array. fastText answers a list of labels and probabilities.
"""

from statistics import median

from common import Corpus, print_table, start, trained
from rivals import cleaned, fitted_rivals
from sides import OURS, Side, load
from timing import Seconds, interleaved, ratio, totals

ROUNDS = 5


def main() -> None:
    """Fit or load the sides, time them in turns, print a row each."""
    options, corpus = start(__doc__)
    paths = fitted_rivals(corpus, options.models)
    with trained(corpus) as ours:
        sides = {name: load(name, path) for name, path in {OURS: ours.root, **paths}.items()}
    texts = {name: cleaned(corpus.test) for name in paths} | {OURS: corpus.test.texts}
    rounds = 2 if options.quick else ROUNDS
    seconds = interleaved(sides, {name: [[texts[name]]] * rounds for name in sides})
    print(f"{len(corpus.test):,} reviews in one call, {len(seconds[OURS])} rounds\n")
    header = ["side", "reviews/s (median)", "best", "time ÷ ours (median)", "least", "accuracy"]
    print_table(header, [row(side, seconds, texts[side.name], corpus) for side in sides.values()])


def row(side: Side, seconds: Seconds, texts: list[str], corpus: Corpus) -> list[str]:
    """A side's line; both speeds and ratios are over the rounds."""
    taken = totals(seconds[side.name])
    middle, least = ratio(seconds, side.name, OURS)
    accuracy = side.accuracy(texts, corpus.test.labels)
    return [
        side.name,
        f"{len(texts) / median(taken):,.0f}",
        f"{len(texts) / min(taken):,.0f}",
        f"{middle:.2f}×",
        f"{least:.2f}×",
        f"{accuracy:.2%}",
    ]


if __name__ == "__main__":
    main()
