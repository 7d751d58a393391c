"""The options that say how reviews are read, and their labels, on every command that reads some."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import Command, added, printable, refuse, was_given
from pipeline.errors import InvalidInput
from pipeline.files.dialects import AUTO, QUOTINGS
from pipeline.files.encoding_detection import known_codec
from pipeline.files.formats import (
    INPUT_FORMATS,
    JSON,
    JSON_LINES,
    PARQUET,
    SPREADSHEETS,
    TEXT,
    TSV,
)
from pipeline.files.sniffing import NAMES
from pipeline.reviews.label_values import RATING_SCALES, LabelValues

if TYPE_CHECKING:
    from pipeline.files.layouts import Layout
    from pipeline.files.sources import Source
    from pipeline.reviews.labelled import LabelledSettings


def check_encoding(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Refuse a name that Python has no encoding of."""
    try:
        return name and known_codec(name)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from None


def check_delimiter(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    """Take one ASCII character, or its name where a shell makes it hard to type."""
    named = {"\\t": "\t", **{name: character for character, name in NAMES.items()}}
    delimiter = named.get(given, given) if given else given
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n' or delimiter > "~"):
        raise click.BadParameter("Give one character, or tab, comma, semicolon or bar.")
    return delimiter


def check_labels(_: click.Context, __: click.Parameter, given: str | None) -> LabelValues | None:
    """Refuse what does not say which values are positive and which negative."""
    try:
        return LabelValues.parse(given) if given else None
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from None


READ_OPTIONS = (
    click.option(
        "--column",
        metavar="NAME|NUMBER",
        help="Column that holds the reviews; left out: found by its name (document, text, 리뷰 …).",
    ),
    click.option(
        "--encoding",
        metavar="NAME",
        callback=check_encoding,
        help="Encoding of the inputs, such as cp949; left out: UTF-8 or UTF-16, as is found.",
    ),
    click.option(
        "--delimiter",
        metavar="CHARACTER",
        callback=check_delimiter,
        help="What separates the columns of a table (or tab, comma, semicolon, bar); left out: "
        "found in its first lines.",
    ),
    click.option(
        "--quoting",
        type=click.Choice(QUOTINGS),
        default=AUTO,
        help="Quotes in a table: around fields as in CSV, none (they are text), or by each row.",
    ),
    click.option(
        "--no-header",
        "has_header",
        flag_value=False,
        type=bool,
        default=None,
        help="The first row of a table is a review already.",
    ),
    click.option(
        "--input-format",
        type=click.Choice(INPUT_FORMATS),
        help="Format of the inputs; left out: found by their names and first bytes.",
    ),
)

_LABEL_COLUMN = click.option(
    "--label-column",
    metavar="NAME|NUMBER",
    help="Column that holds the labels; left out: found by its name (label, sentiment, 라벨 …).",
)
_RATING_SCALE = click.option(
    "--rating-scale",
    type=click.Choice(list(map(str, RATING_SCALES))),
    help="The labels are ratings: of 5, 4 and up are positive, 2 and down negative; of 10, 9 and "
    "4. What is between is left out.",
)


_OF_TABLES = ("delimiter", "quoting", "has_header")
UNUSED = {
    TEXT: ("column", *_OF_TABLES),
    JSON_LINES: _OF_TABLES,
    JSON: ("encoding", *_OF_TABLES),
    PARQUET: ("encoding", *_OF_TABLES),
    **dict.fromkeys(SPREADSHEETS, ("encoding", "delimiter", "quoting")),
}
"""By format, names of the parameters for reading that say nothing about a file of it."""


def refuse_unused(sources: Iterable["Source"], delimiter: str | None) -> None:
    """Raise UsageError for an option that says nothing about how one of the inputs is read.

    What a file is, where it is no text, its first bytes tell before its name or an option.
    """
    for source in sources:
        given = source.given_format
        refuse(UNUSED.get(given or "", ()), f"with --input-format {given}")
        if given == TSV and delimiter != "\t":
            refuse(["delimiter"], "with --input-format tsv, which is by tabs")
        if source.is_lasting and any(map(was_given, ("input_format", "encoding", *_OF_TABLES))):
            container = _container(source)
            refuse(UNUSED.get(container, ()), f"for {source.name}, which is {container}")
            if container and given not in (None, container):
                refuse(["input_format"], f"for {source.name}, which is {container}")


def _container(source: "Source") -> str:
    from pipeline.files.containers import MAGIC_BYTES, container_of

    with source.open() as opened:
        return container_of(opened.stream.read(MAGIC_BYTES), source.kind, source.name)


def read_options(command: Command) -> Command:
    """Add the options that say how files are read."""
    return added(command, READ_OPTIONS)


def labelled_options(command: Command, labels: str = "--labels") -> Command:
    """Add the options that say how files with labels are read."""
    values = click.option(
        labels,
        "label_values",
        metavar="VALUES",
        callback=check_labels,
        help="Which labels are positive and which negative, as 'positive=5,4 negative=1,2'; others "
        "are left out. Left out: 1 and 0, positive and negative, 긍정 and 부정 are understood.",
    )
    return added(command, (*READ_OPTIONS, _LABEL_COLUMN, values, _RATING_SCALE))


READ = ("column", "encoding", "delimiter", "quoting", "has_header", "input_format")
"""Names of the parameters that `read_options` adds."""

LABELLED = (*READ, "label_column", "label_values", "rating_scale")
"""Names of the parameters that `labelled_options` adds."""


def labelled_settings(options: Mapping[str, Any], *files: Path | None) -> "LabelledSettings":
    """The settings that those options stand for, for these files.

    UsageError where two of them contradict each other, or one has no use for a file.
    """
    from pipeline.files.layouts import ReadSettings
    from pipeline.files.sources import Source
    from pipeline.reviews.labelled import LabelledSettings

    read = dict(options)
    scale, values = read.pop("rating_scale"), read.pop("label_values")
    if scale and values:
        raise click.UsageError("Give either --labels or --rating-scale.")
    paths = [str(file) for file in files if file is not None and file.is_file()]
    sources = [Source.named(path, read["input_format"]) for path in paths]
    refuse_unused(sources, read["delimiter"])
    return LabelledSettings(
        input_format=read.pop("input_format"),
        label_column=read.pop("label_column"),
        labels=LabelValues(scale=int(scale)) if scale else values,
        read=ReadSettings(**read),
    )


def say(line: str) -> None:
    """Print a line about what was read, beside the results."""
    click.echo(printable(line), err=True)


def say_shape(layout: "Layout") -> None:
    """Print how a file is read."""
    say(layout.describe())
