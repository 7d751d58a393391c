"""What a process finds at its start: its locale's encoding, standard streams that are closed."""

import codecs
import os
import sys


def prepare() -> None:
    """Call before the command line is looked at; may start the interpreter anew."""
    if _knows_only_ascii():
        _start_with_utf8()
    _open_closed_streams()


def _knows_only_ascii() -> bool:
    """Whether arguments and names of files are read as ASCII, as by LC_ALL=C with PYTHONUTF8=0."""
    encoding = codecs.lookup(sys.getfilesystemencoding()).name
    return encoding == "ascii" and "utf8" not in sys._xoptions


def _start_with_utf8() -> None:
    """Start the same command in Python's UTF-8 mode, which cannot be switched on later."""
    if sys.stdout is not None:  # it may be closed
        sys.stdout.flush()
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execve(sys.executable, arguments, {**os.environ, "PYTHONUTF8": "1"})  # noqa: S606


def _open_closed_streams() -> None:
    """Put something in the place of standard streams that are closed.

    Else the next file to be opened would get the number of one, and messages would be written into
    it. What is read or written there fails, but messages, which can only be dropped.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            way = os.O_RDONLY if name == "stdout" else os.O_WRONLY
            os.open(os.devnull, way)  # it gets the lowest number that is free
            mode = "r" if name == "stdin" else "w"
            stream = open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
