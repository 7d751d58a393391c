"""The inputs of runs with pairs of options: a file of reviews of the traits that these ask for."""

import json
from pathlib import Path

GOOD, BAD = "정말 영화 최고", "결말 내용 최악"
ROWS = 6
COLUMNS = ("id", "text", "memo", "label", "mine")
_VALUES = {"words": ("yes", "no"), "ratings": ("5", "1")}


def write_reviews(
    folder: Path, traits: frozenset[str], labelled: bool = False, number: int = ROWS
) -> Path:
    """Reviews, good and bad in turn; the file is `reviews.csv`.

    They stand in the column text, or with the trait `memo` in memo; their labels in label, or with
    `mine` in mine. The other column has the reverse. `words`, `ratings`: the labels are such.
    `caret`: ^ is the delimiter. `quotes`: the third review begins with a quote that the next column
    closes. `headless`: the first row is a review, though it looks like a header. `broken`: one more
    row cannot be read. `lines`: a review a line. `jsonl`: JSON lines. `nameless`: nothing but its
    delimiter says that it is a table.
    """
    rows = [_row(place, traits, number > ROWS) for place in range(number)]
    if not labelled:
        rows = [row[:3] for row in rows]
    names = COLUMNS[: len(rows[0])]
    if "nameless" in traits:
        names = ("i" * 31, *names[1:])
    if "lines" in traits:
        lines = [row[1] for row in rows]
    elif "jsonl" in traits:
        lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows]
    else:
        delimiter = "^" if "caret" in traits else ","
        header = [] if "headless" in traits else [names]
        lines = [delimiter.join(row) for row in [*header, *rows]]
    codec = "cp949" if "cp949" in traits else "utf-8"
    content = "".join(f"{line}\n" for line in lines).encode(codec)
    path = folder / ("reviews" if "nameless" in traits else "reviews.csv")
    path.write_bytes(content + b"\xff\n" * ("broken" in traits))
    return path


def _row(number: int, traits: frozenset[str], differs: bool) -> tuple[str, ...]:
    """The fields of a row; a review `differs` from all others where a model is to be trained."""
    is_good = number % 2 == 0
    review, reverse = (GOOD, BAD) if is_good else (BAD, GOOD)
    if differs:
        review, reverse = f"{review} {number}", f"{reverse} {number}"
    text, memo = (reverse, review) if "memo" in traits else (review, "x")
    if "quotes" in traits and number == 2:
        text, memo = f'"{text}', f'{memo}"'
    words = next((values for trait, values in _VALUES.items() if trait in traits), ("1", "0"))
    right, wrong = words if is_good else words[::-1]
    label, mine = (wrong, right) if "mine" in traits else (right, "x")
    first = "document" if number == 0 and "headless" in traits else chr(ord("가") + number)
    return first, text, memo, label, mine
