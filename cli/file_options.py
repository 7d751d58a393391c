"""The options for files that `sentiment predict` and `sentiment drift` take."""

from collections.abc import Callable
from functools import reduce
from glob import has_magic
from pathlib import Path

import click

from pipeline.errors import InvalidInput
from pipeline.files.dialects import AUTO, QUOTINGS
from pipeline.files.encoding_detection import known_codec
from pipeline.files.formats import INPUT_FORMATS, OUTPUT_FORMATS

Command = Callable[..., None]


def check_inputs(_: click.Context, __: click.Parameter, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a path that does not exist. Globs and addresses are resolved later."""
    for name in inputs:
        is_path = name != "-" and "://" not in name
        if is_path and not Path(name).exists() and not has_magic(name):
            raise click.BadParameter(f"File {name!r} does not exist.")
    return inputs


def check_encoding(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Refuse a name that Python has no encoding of."""
    try:
        return name and known_codec(name)
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from None


def check_delimiter(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    """Take one ASCII character, or its name where a shell makes it hard to type."""
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
    delimiter = named.get(given, given) if given else given
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n' or delimiter > "~"):
        raise click.BadParameter("Give one character, or tab, comma, semicolon or bar.")
    return delimiter


_READ_OPTIONS = (
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

_WRITE_OPTIONS = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Path or address to write to; left out: standard output.",
    ),
    click.option(
        "--output-format",
        "--format",
        type=click.Choice(OUTPUT_FORMATS),
        help="Format of the output; left out: by its suffix, and jsonl for standard output.",
    ),
    click.option("--prefix", default="", help="Text to put before the names of the added columns."),
    click.option(
        "--probabilities",
        is_flag=True,
        help="Add a column with the probability of each label, too.",
    ),
    click.option(
        "--excel",
        is_flag=True,
        help="Write .csv that Excel opens as UTF-8, with cells that look like formulas defused.",
    ),
)

_RUN_OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(["local", "ray"]),
        default="local",
        help="local: score on this machine. ray: a Ray cluster scores each file; -o is a folder.",
    ),
    click.option(
        "--ray-address",
        metavar="ADDRESS",
        help="Address of a running Ray cluster; left out: one is started on this machine.",
    ),
    click.option(
        "--report",
        metavar="FILE.html",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write an HTML page with distributions, and drift against training.",
    ),
    click.option(
        "--max-rejects",
        type=click.IntRange(0),
        default=0,
        metavar="N",
        help="End with exit code 3 if more rows than N cannot be read.",
    ),
    click.option(
        "--restart",
        is_flag=True,
        help="Discard what an unfinished run has written, and start over.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Processes that score; left out: 1, or all cores for the fast model on large inputs.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Show no progress bar and no summary."),
)


def read_options(command: Command) -> Command:
    """Add the options that say how files are read."""
    return _added(command, _READ_OPTIONS)


def file_options(command: Command) -> Command:
    """Add the options that say how files are read, written and scored."""
    return _added(command, _READ_OPTIONS + _WRITE_OPTIONS + _RUN_OPTIONS)


def _added(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)
