"""csv and tsv by the csv module, with room for long reviews."""

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _csv

LARGEST_FIELD = 4 * 2**20


def read_table(lines: Iterable[str], delimiter: str) -> "_csv.Reader":
    r"""Rows of a table given by lines that keep their ends; only \n may end one."""
    csv.field_size_limit(LARGEST_FIELD)
    return csv.reader(lines, delimiter=delimiter)
