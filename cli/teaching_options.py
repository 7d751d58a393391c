"""The options that name reviews without labels, and who judges them, for `train`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.file_options import check_inputs
from cli.options import Command, added, refuse
from cli.read_options import refuse_unused

if TYPE_CHECKING:
    from pipeline.models.hardware import Hardware
    from pipeline.training.teaching import Lesson

_OPTIONS = (
    click.option(
        "--unlabelled",
        metavar="FILE",
        multiple=True,
        callback=check_inputs,
        help="Reviews without labels to learn from besides, as predict reads them; repeatable. The "
        "deep model judges them.",
    ),
    click.option(
        "--unlabelled-column",
        metavar="NAME|NUMBER",
        help="Column of --unlabelled that holds the reviews; left out: found by its name.",
    ),
    click.option(
        "--teacher",
        "teachers",
        metavar="DIR|DIGEST",
        multiple=True,
        help="Deep artifact that judges --unlabelled; repeatable, for the mean of several. Left "
        "out: the current one.",
    ),
)


def teaching_options(command: Command) -> Command:
    """Add the options that say what to learn from besides labelled reviews; see `find_lesson`."""
    return added(command, _OPTIONS)


def find_lesson(
    artifacts: Path,
    unlabelled: tuple[str, ...],
    unlabelled_column: str | None,
    teachers: tuple[str, ...],
    reading: Mapping[str, Any],
    hardware: "Hardware",
) -> "Lesson | None":
    """The files that these options name, and their teachers; None without --unlabelled.

    `reading`: the options of `labelled_options`, of which those that say how a file is read hold
    for these files, too, but for --column. `hardware`: what teachers compute with. UsageError for
    options that have no use.
    """
    if not unlabelled:
        refuse(["unlabelled_column", "teachers"], "without --unlabelled")
        return None
    from pipeline.files.layouts import ReadSettings
    from pipeline.files.sources import find_sources
    from pipeline.training.teaching import Lesson
    from pipeline.workflows.teachers import find_teachers

    inputs = [find_sources([one], reading["input_format"]) for one in unlabelled]
    refuse_unused([source for sources in inputs for source in sources], reading["delimiter"])
    names = ("encoding", "delimiter", "quoting", "has_header")
    read = ReadSettings(unlabelled_column, **{name: reading[name] for name in names})
    return Lesson(inputs, read, find_teachers(artifacts, teachers, hardware))
