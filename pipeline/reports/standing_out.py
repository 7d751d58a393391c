"""Words that stand out in the reviews of each label."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pipeline.models.linear import LinearModel
from pipeline.workflows.explaining import character_shares

WORD = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣA-Za-z0-9]+")
MOST_WORDS = 20
FEWEST_REVIEWS = 3
"""Reviews in which a word must be."""


class Word(NamedTuple):
    """A word, the number of reviews of the sample that have it, and how much it stands out."""

    word: str
    reviews: int
    value: float


class Words(NamedTuple):
    """The words that stand out most, by label, and how many reviews were looked at.

    `method`: `contributions`, the sum of what a word added to the fast model's logit over all the
    reviews; or `log_odds`, z-scores of the log-odds between the reviews of both labels.
    """

    method: str
    reviews: int
    positive: list[Word]
    negative: list[Word]


def standing_out(
    texts: Sequence[str], positive: Sequence[float], model: LinearModel | None
) -> Words:
    """Words of n cleaned texts with these P(positive): by what they add to `model`, if any."""
    reviews = Counter(word for text in texts for word in set(WORD.findall(text)))
    values = _log_odds(texts, positive) if model is None else _contributions(texts, model)
    found = [Word(word, reviews[word], value) for word, value in values.items()]
    often = [one for one in found if one.reviews >= FEWEST_REVIEWS]
    method = "log_odds" if model is None else "contributions"
    most = (_most(often, lambda one: -one.value), _most(often, lambda one: one.value))
    return Words(method, len(texts), *most)


def _most(words: Iterable[Word], rank: Callable[[Word], float]) -> list[Word]:
    speaking = [one for one in words if rank(one) < 0]
    return sorted(speaking, key=lambda one: (rank(one), one.word))[:MOST_WORDS]


def _contributions(texts: Sequence[str], model: LinearModel) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for text in texts:
        shares = character_shares(model, text)
        for found in WORD.finditer(text):
            sums[found[0]] += float(shares[found.start() : found.end()].sum())
    return sums


def _log_odds(texts: Sequence[str], positive: Sequence[float]) -> dict[str, float]:
    """Log-odds of each word between the labels, as z-scores, with one added to every count.

    Monroe, Colaresi and Quinn 2008, "Fightin' Words", Political Analysis 16, equations 15 and 22.
    """
    counts: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    for text, probability in zip(texts, positive, strict=True):
        counts[probability > 0.5].update(WORD.findall(text))
    words = counts[0].keys() | counts[1].keys()
    totals = [one.total() + len(words) for one in counts]

    def score(word: str) -> float:
        negative, positive = (one[word] + 1 for one in counts)
        log_odds = math.log(positive / (totals[1] - positive or 1))
        log_odds -= math.log(negative / (totals[0] - negative or 1))
        return log_odds / math.sqrt(1 / positive + 1 / negative)

    return {word: score(word) for word in words}
