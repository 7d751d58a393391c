"""Which columns of a file tell when a review was written, of what it is, and its label."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.errors import InvalidInput
from pipeline.files.columns import normalized
from pipeline.files.layouts import Layout
from pipeline.reviews.label_columns import label_column

DATE_COLUMNS = frozenset(
    {"date", "datetime", "time", "timestamp", "created", "created_at", "written_at", "posted_at"}
    | {"review_date", "day", "날짜", "작성일", "작성일자", "작성일시", "일자", "일시", "등록일"}
    | {"등록일자", "등록일시", "시간"}
)
TOPIC_COLUMNS = frozenset(
    {"movie", "movie_title", "movie_name", "film", "title", "product", "product_name", "item"}
    | {"shop", "store", "brand", "category", "영화", "영화명", "영화제목", "영화_제목", "제목"}
    | {"작품", "작품명", "상품", "상품명", "제품", "제품명", "매장", "가게", "브랜드", "분류"}
)


class Columns(NamedTuple):
    """Names of a file's columns; None where it has none of the kind."""

    date: str | None
    topic: str | None
    label: str | None


def find_columns(layout: Layout) -> Columns:
    """The columns that a page about the reviews of a file can use, by their names."""
    others = [name for name in layout.columns if name != layout.text_column]
    return Columns(_first(others, DATE_COLUMNS), _first(others, TOPIC_COLUMNS), _label(layout))


def _first(columns: Sequence[str], names: frozenset[str]) -> str | None:
    return next((column for column in columns if normalized(column) in names), None)


def _label(layout: Layout) -> str | None:
    try:
        return label_column(layout, None, None)
    except InvalidInput:  # there is none, or it is not clear which one it is
        return None
