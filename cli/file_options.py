"""The options of `sentiment predict` for files: how they are written and scored."""

from glob import has_magic
from pathlib import Path

import click

from cli.options import Command, added
from cli.ray_options import address_option, engine_option
from cli.read_options import READ, READ_OPTIONS
from cli.report_options import report_options
from pipeline.files.formats import OUTPUT_FORMATS, STANDARD_STREAM


def check_inputs(_: click.Context, __: click.Parameter, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a path that does not exist. Globs and addresses are resolved later."""
    for name in inputs:
        is_path = name != "-" and "://" not in name
        if is_path and not Path(name).exists() and not has_magic(name):
            raise click.BadParameter(f"File {name!r} does not exist.")
    return inputs


def check_output(_: click.Context, __: click.Parameter, output: str | None) -> str | None:
    """Take - for standard output, as what is left out."""
    return None if output == STANDARD_STREAM else output


_WRITE_OPTIONS = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        callback=check_output,
        help="Path or address to write to; left out, or -: standard output.",
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
    engine_option(
        "local: score on this machine. ray: a Ray cluster scores each file; -o is a folder."
    ),
    address_option,
    report_options("with the surest reviews, words that stand out, shares and drift"),
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


FILE_OPTIONS = (
    *READ,
    *("output", "output_format", "prefix", "probabilities", "excel"),
    *("engine", "ray_address", "report", "lang", "max_rejects", "restart", "jobs", "quiet"),
)
"""Names of the parameters that `file_options` adds."""


def file_options(command: Command) -> Command:
    """Add the options that say how files are read, written and scored."""
    return added(command, READ_OPTIONS + _WRITE_OPTIONS + _RUN_OPTIONS)
