"""Which column holds the labels of reviews."""

from collections.abc import Sequence

from pipeline.errors import InvalidInput
from pipeline.files.columns import find_column, normalized
from pipeline.files.layouts import Layout
from pipeline.reviews.label_values import HOW, LabelValues

LABEL_COLUMNS = frozenset(
    {"label", "labels", "sentiment", "polarity", "class", "target", "라벨", "레이블"}
    | {"감성", "감정", "긍부정"}
)
RATING_COLUMNS = frozenset(
    {"rating", "ratings", "score", "scores", "star", "stars", "별점", "평점", "점수"}
)


def label_column(layout: Layout, wanted: str | None, values: LabelValues | None) -> str:
    """Name of the column with the labels; `wanted`: its name or, from 1, its number.

    A column of ratings is taken only where `values` says what they mean: a rating of 1 is no
    positive label. Raises InvalidInput where it is not clear which column it is.
    """
    columns = layout.columns
    if wanted is not None:
        found = find_column(columns, wanted)
        if found is None:
            raise InvalidInput(
                f"{layout.name} has no column {wanted!r}; it has {', '.join(columns)}."
            )
        return found
    labels = _named(columns, LABEL_COLUMNS)
    ratings = _named(columns, RATING_COLUMNS)
    candidates = labels or (ratings if values is not None else [])
    if values is not None and values.scale and ratings:
        candidates = ratings
    if not layout.has_header and layout.dialect is not None:
        candidates = [columns[place] for place in layout.dialect.numeric]
    if len(candidates) == 1:
        return candidates[0]
    raise InvalidInput(_unclear(layout.name, columns, candidates, ratings))


def _named(columns: Sequence[str], names: frozenset[str]) -> list[str]:
    return [name for name in columns if normalized(name) in names]


def _unclear(
    name: str, columns: Sequence[str], candidates: Sequence[str], ratings: Sequence[str]
) -> str:
    if candidates:
        return f"{name}: {' and '.join(candidates)} may hold the labels. Give --label-column NAME."
    if ratings:
        return (
            f"{name} has no labels, but ratings in the column {ratings[0]!r}. Say what these mean "
            f"with {HOW}."
        )
    return (
        f"{name} has no column label; it has {', '.join(columns)}. Name the one that holds the "
        "labels with --label-column NAME."
    )
