"""Which column holds the reviews."""

from collections.abc import Collection, Iterable, Sequence

from pipeline.errors import InvalidInput

TEXT_COLUMNS = ("document", "text", "review")
"""Names that are looked for first, in this order."""

OTHER_TEXT_COLUMNS = frozenset(
    (
        *("documents", "texts", "reviews", "content", "contents", "comment", "comments"),
        *("sentence", "sentences", "body", "message", "utterance", "comment_text"),
        *("review_text", "reviewtext", "review_body", "review_content"),
        *("리뷰", "내용", "댓글", "후기", "본문", "문장", "텍스트", "의견", "코멘트", "평론"),
        *("감상평", "한줄평", "상품평", "이용후기", "리뷰내용", "리뷰_내용", "댓글내용"),
    )
)
"""Other names that people give it; taken where a file has just one of them."""

_ALL_TEXT_COLUMNS = OTHER_TEXT_COLUMNS.union(TEXT_COLUMNS)


class UnclearColumn(InvalidInput):
    """No column, or more than one, may hold the reviews: the user has to say which."""


def normalized(name: str) -> str:
    """A column's name without what people write differently: case, spaces around and inside."""
    return "_".join(name.strip().casefold().split())


def is_text_column(name: str) -> bool:
    """Whether a column of this name holds reviews in people's files."""
    return normalized(name) in _ALL_TEXT_COLUMNS


def check_names(columns: Iterable[str], reserved: Collection[str], source: str) -> None:
    """Raise InvalidInput if a column of this source has one of the reserved names."""
    if taken := set(reserved).intersection(columns):
        raise InvalidInput(
            f"{source} has a column {' and '.join(sorted(taken))} already. Rename ours with "
            "--prefix, for example --prefix model_."
        )


def find_text_column(columns: Collection[str], wanted: str | None) -> str | None:
    """`wanted` if it is there; else the one that `text_column` would choose, None without one."""
    if wanted is not None:
        return find_column(list(columns), wanted)
    for name in TEXT_COLUMNS:
        if name in columns:
            return name
    by_name = {normalized(name): name for name in reversed(list(columns))}
    first = next((by_name[name] for name in TEXT_COLUMNS if name in by_name), None)
    others = [name for name in columns if normalized(name) in OTHER_TEXT_COLUMNS]
    return first or (others[0] if len(others) == 1 else None)


def find_column(columns: Sequence[str], wanted: str) -> str | None:
    """A column by its name as it stands, by its name but for case and spaces, or by its number."""
    if wanted in columns:
        return wanted
    alike = [name for name in columns if normalized(name) == normalized(wanted)]
    if len(alike) == 1:
        return alike[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(columns):
        return columns[int(wanted) - 1]
    return None


def text_column(columns: Sequence[str], wanted: str | None, source: str) -> str:
    """Name of the column that holds the reviews; raises InvalidInput where that is not clear."""
    if len(set(columns)) < len(columns):
        raise InvalidInput(f"{source}: two columns have the same name. Rename one.")
    found = find_text_column(columns, wanted)
    if found is not None:
        return found
    has = f"it has {', '.join(columns)}"
    if wanted is not None:
        raise InvalidInput(f"{source} has no column {wanted!r}; {has}.")
    others = [name for name in columns if normalized(name) in OTHER_TEXT_COLUMNS]
    if others:
        raise UnclearColumn(
            f"{source}: {' and '.join(others)} may hold the reviews. Say which with --column NAME."
        )
    raise UnclearColumn(
        f"{source} has no column {', '.join(TEXT_COLUMNS)} or of a name like these; {has}. "
        "Name the one that holds the reviews with --column NAME; if that is its first row rather "
        "than its header, give --no-header --column NUMBER."
    )


def distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """The names, where several are empty these as column_2, …: trailing commas make such ones."""
    empty = sum(not name.strip() for name in columns)
    if empty < 2:
        return tuple(columns)
    return tuple(
        name if name.strip() else f"column_{number}" for number, name in enumerate(columns, start=1)
    )
