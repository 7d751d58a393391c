"""A spreadsheet as comma-separated text: the program of a child process.

`python -P spreadsheet_child.py`, with the file as its input. calamine holds all of a sheet and ends
the process where memory is not enough, so it has a process of its own, with limits where the
system can set them. The first byte of output says what follows: ROWS, EMPTY, or UNREADABLE and the
reason. The program imports nothing of this package, so that it starts quickly and needs no path but
the interpreter's own.
"""

import csv
import io
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import date, datetime
from datetime import time as time_of_day
from typing import IO, Any

MEMORY = 2**30
"""Bytes of addresses (RLIMIT_AS). 1,048,576 rows of three columns take 480 MB."""

SECONDS = 120
"""Of processor time. As many rows take 20 s on a slow core."""

ROWS, EMPTY, UNREADABLE = b"r", b"e", b"u"
TOO_LARGE = 3
"""Exit code where Python sees that memory is not enough; where calamine does, a signal ends it."""

_LONGEST_REASON = 500
_ORPHAN_POLL_SECONDS = 0.5


def main(parent: int) -> None:
    """Convert the input; ends early where the parent does."""
    limit()
    threading.Thread(target=_exit_when_orphaned, args=(parent,), daemon=True).start()
    try:
        _answer(io.BytesIO(sys.stdin.buffer.read()), sys.stdout.buffer)
    except MemoryError:
        os._exit(TOO_LARGE)


def limit() -> None:
    """Let this process take no more than it may; what ends by a signal leaves no core file."""
    if os.name != "posix":
        return
    import resource

    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        present = [one for one in resource.getrlimit(kind) if one != resource.RLIM_INFINITY]
        most = min([most, *present])
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS refuses some, and heeds no RLIMIT_AS anyway
            continue


def _exit_when_orphaned(parent: int) -> None:
    """A parent that was killed cannot end this process, which may be far from its next output."""
    while os.name != "posix" or os.getppid() == parent:
        time.sleep(_ORPHAN_POLL_SECONDS)
    os._exit(0)


def _answer(content: IO[bytes], output: IO[bytes]) -> None:
    try:
        found = _first_filled(content)
    except MemoryError:
        raise
    except BaseException as error:  # what calamine raises where it has a bug is no Exception
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        output.write(UNREADABLE + reason.encode("utf-8", "replace"))
        return
    if found is None:
        output.write(EMPTY)
        return
    output.write(ROWS)
    _write(*found, io.TextIOWrapper(output, "utf-8", errors="replace", newline=""))


def _first_filled(content: IO[bytes]) -> tuple[Any, int] | None:
    """The first sheet that holds anything, and how many of its columns do."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(content)
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        if width := max(map(_width, sheet.iter_rows()), default=0):
            return sheet, width
    return None


def _width(row: Sequence[Any]) -> int:
    return max((place for place, cell in enumerate(row, 1) if cell not in ("", None)), default=0)


def _write(sheet: Any, width: int, output: io.TextIOWrapper) -> None:
    """The rows that hold anything."""
    writer = csv.writer(output, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in sheet.iter_rows():
        if _width(row):
            writer.writerow([_cell(cell) for cell in row[:width]])
    output.flush()


def _cell(value: object) -> str:
    """A cell as a spreadsheet shows it: 5.0 is 5, dates are as in ISO 8601."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date | datetime | time_of_day):
        return value.isoformat()
    return "" if value is None else str(value)


if __name__ == "__main__":
    main(int(sys.argv[1]))
