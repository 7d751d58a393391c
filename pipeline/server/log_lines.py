"""The log: lines on stderr, which are lost rather than that anybody waits for them."""

import json
import logging
import os
import select
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from pipeline.server.readable_lines import readable

WRITE_SECONDS = 0.05
"""Between two writes of a worker's lines."""
MOST_WAITING = 20_000
"""Lines that wait while stderr takes none."""
QUIET_SECONDS = 60.0
"""Between two lines of a library's that say the same."""
PIPE_PART = 4096
"""Bytes that a pipe takes at once if it takes any."""

encode = json.JSONEncoder(ensure_ascii=False).encode


class LogLines:
    """Writes lines at once, or from `start` on in a thread: stderr may be full, closed, or slow.

    The master has no thread, since it forks: what stderr does not take of it at once is lost.
    They are JSON, unless the log `is_readable`, which is for people.
    """

    is_readable = False

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._lost: Callable[[int], None] = lambda _: None
        self._thread: threading.Thread | None = None

    def start(self, lost: Callable[[int], None]) -> None:
        """Write from a thread from now on; `lost` is told how many lines could not be written."""
        self._lost = lost
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Write a line some time; never raises, never waits once started."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost(1)
            return
        self._waiting.append(line)
        if self._thread is None:
            self.flush()

    def _run(self) -> None:
        while True:
            time.sleep(WRITE_SECONDS)
            self.flush()

    def flush(self) -> None:
        """Write all that waits; what cannot be written is lost."""
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self.is_readable:
            lines = [*map(readable, lines)]
        content = "".join(f"{line}\n" for line in lines).encode(errors="replace")
        try:
            while content and (self._thread or _takes_more()):
                part = content if self._thread else content[:PIPE_PART]
                content = content[os.write(2, part) :]
        except OSError:
            pass
        if content:
            self._lost(content.count(b"\n"))

    def finish(self) -> None:
        """Give what still waits a second to be written."""
        end = time.monotonic() + 1.0
        while self._waiting and time.monotonic() < end:
            time.sleep(WRITE_SECONDS / 5)


def _takes_more() -> bool:
    """Whether something can be written to stderr without a wait, or fails at once."""
    if sys.platform == "win32":  # no master
        return True
    polled = select.poll()
    polled.register(2, select.POLLOUT)
    return bool(polled.poll(0))


LINES = LogLines()


def log(event: str, **facts: object) -> None:
    """Log one event."""
    LINES.write(encode({"time": now(), "event": event, **facts}))


def now() -> str:
    """The time as it stands in a line."""
    return iso_time(time.time())


def iso_time(seconds: float) -> str:
    """A time of the epoch by ISO 8601, in milliseconds."""
    whole, fraction = divmod(seconds, 1.0)
    return f"{_second(int(whole))}.{int(fraction * 1000):03d}+00:00"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def trace(exception: BaseException) -> dict[str, object]:
    """An exception's type and place, but not its message, which may hold a text."""
    frames = traceback.extract_tb(exception.__traceback__)[-8:]
    at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type(exception).__name__, "at": at}


class LogHandler(logging.Handler):
    """Takes what libraries and the models log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        line: dict[str, object] = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            line |= trace(record.exc_info[1])
        log(record.levelname.lower(), **line)


class SeldomHandler(LogHandler):
    """Takes a message once in `QUIET_SECONDS`, whatever its values, since some fail for hours."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, if the same line of code has not just had one."""
        place = record.name, record.lineno
        if time.monotonic() >= self._next.get(place, 0.0):
            self._next[place] = time.monotonic() + QUIET_SECONDS
            super().emit(record)


def log_everything() -> None:
    """Have all warnings and errors of this process logged here."""
    logging.basicConfig(handlers=[LogHandler()], level=logging.WARNING, force=True)
    for name in ("gunicorn.error", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # Its warnings are about single requests that were refused, which are counted and logged.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
