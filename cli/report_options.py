"""The options of the commands that write a page about what they found."""

from collections.abc import Callable
from pathlib import Path

import click

from cli.options import Command, added, refuse
from pipeline.reports.words import LANGUAGES, default_language


def report_options(what: str) -> Callable[[Command], Command]:
    """Add --report, with the help text that says `what` the page shows, and --lang."""
    report = click.option(
        "--report",
        metavar="FILE.html",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"Write an HTML page {what}; as FILE.json, its figures.",
    )
    language = click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        help="Language of the page; left out: that of the locale (LANG), else English.",
    )
    return lambda command: added(command, (report, language))


def page_language(report: Path | None, told: str | None) -> str:
    """The language of the page; UsageError for one that was told where there is no page."""
    if report is None:
        refuse(["lang"], "without --report, whose language it is")
        return default_language()
    from pipeline.reports.page import is_page

    if not is_page(report):
        refuse(["lang"], "with a --report of figures alone")
    return told or default_language()
