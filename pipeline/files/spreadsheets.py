"""Spreadsheets (.xlsx, .xls, .ods) as comma-separated text; python-calamine is an extra.

A small spreadsheet may hold much: a text that all cells share, or two cells far from each other.
So it is converted by a child process, `spreadsheet_child.py`, whose end costs this one nothing.
"""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from typing import IO, cast

from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.files.spreadsheet_child import EMPTY, MEMORY, ROWS, SECONDS, UNREADABLE
from pipeline.targets import write_all

LARGEST_SPREADSHEET = 256 * 2**20
"""Bytes as stored. 1,048,576 rows with a review each take 75 MB."""

_BLOCK = 2**16
_PROGRAM = Path(__file__).with_name("spreadsheet_child.py")
_BUG = 1
"""How Python ends for an exception that nobody handles."""


def spreadsheet_lines(content: IO[bytes], name: str) -> Generator[bytes]:
    """Yield the first sheet that holds anything, in UTF-8, a row a record, some of it at a time.

    Raises InvalidInput where it cannot be read, is empty or too large, ResourceUnavailable without
    the extra. Close it, if it is not read to its end, to end the child.
    """
    if find_spec("python_calamine") is None:
        raise ResourceUnavailable(
            f"{name} is a spreadsheet, which needs python-calamine. Install the extra: "
            "pip install 'sentiment-toolkit[excel]'."
        )
    with _child() as child:
        _send(content, child, name)
        output = cast(FileIO, child.stdout)
        kind = output.read(1)
        if kind == ROWS:
            yield from iter(lambda: output.read(_BLOCK), b"")
        reason = output.read().decode() if kind == UNREADABLE else ""
        _check_end(child.wait(), name)
    if kind == UNREADABLE:
        raise InvalidInput(f"{name} cannot be read as a spreadsheet ({reason}).")
    if kind == EMPTY:
        raise InvalidInput(f"{name} holds no rows. Give a file with at least one review.")


@contextmanager
def _child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(_PROGRAM), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a library in Rust that ends for memory tells its whole stack
        bufsize=0,
        start_new_session=True,  # Ctrl-C on the terminal is for the parent
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def _send(content: IO[bytes], child: "subprocess.Popen[bytes]", name: str) -> None:
    """The file as the child's input, which it reads to the end before it answers."""
    stdin, sent = cast(FileIO, child.stdin), 0
    try:
        while block := content.read(_BLOCK):
            sent += len(block)
            if sent > LARGEST_SPREADSHEET:
                raise _too_large(name, f"is larger than {LARGEST_SPREADSHEET // 2**20} MiB")
            write_all(stdin, block)
        stdin.close()
    except BrokenPipeError:  # the child has ended: how is told by its exit code
        return


def _check_end(code: int, name: str) -> None:
    """Raise what became of a child that did not end well."""
    if code == _BUG:
        raise ResourceUnavailable(f"The process that reads {name} broke off. Try again.")
    if code:
        limits = f"{MEMORY // 2**30} GiB of memory or {SECONDS} s of processor time"
        raise _too_large(name, f"takes more than {limits} to be read")


def _too_large(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{name} {why}. Save its sheet as .csv in a spreadsheet program, or give fewer rows."
    )
