"""The door for files: `POST /rows` gives the rows of one, read as `predict` reads it.

The demo page asks it, so that there is one reader for all that holds reviews.
"""

import json
import subprocess
import sys
import threading
from pathlib import PurePath

from flask import Flask, Response, request
from pydantic import BaseModel, Field

from pipeline.server.answers import json_response
from pipeline.server.bodies import check_type, read_bytes
from pipeline.server.refusals import RequestRefused, overloaded, too_late

MOST_ROWS = 5_000
"""Of a file; `predict` takes any number."""
BINARY = "application/octet-stream"
SECONDS = 10.0
"""For reading a file; the largest take one or two."""
_AT_ONCE = 2
"""Files that a worker has read at once: each takes a process."""
_COMMAND = [sys.executable, "-P", "-m", "pipeline.server.rows_child"]

_REFUSED = 3
"""The exit code that it refuses a file with; the reason is its answer."""

_REFUSALS = {
    "file_refused": (422, "This is no file of reviews. `sentiment predict FILE` says why."),
    "file_too_large": (422, f"Send at most {MOST_ROWS:,} rows; `sentiment predict` takes any."),
    "reader_missing": (
        415,
        "This server reads no such files: pip install 'sentiment-toolkit[excel]', or send .csv.",
    ),
}


class Reject(BaseModel):
    """A row that could not be read."""

    line: int
    reason: str


class RowsResponse(BaseModel):
    """The rows of a file. `texts` are the reviews in them, one a row, in order."""

    columns: list[str]
    text_column: str | None = Field(
        description="holds the reviews; null: it is not clear, ask again with ?column="
    )
    encoding: str
    texts: list[str]
    rows: list[list[str]]
    rejects: list[Reject]


class RowsReading:
    """Has files read by processes of their own, a few at a time."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def read(self, content: bytes, name: str, column: str | None) -> str:
        """The rows of a file as JSON; `name` tells its format. Raises RequestRefused."""
        suffix = PurePath(name).suffix.lstrip(".").lower()
        asked = {"suffix": suffix, "column": column, "most_rows": MOST_ROWS}
        if not self._free.acquire(blocking=False):
            raise overloaded()
        try:
            return _read(json.dumps(asked).encode() + b"\n" + content)
        finally:
            self._free.release()


def _read(sent: bytes) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            _COMMAND, input=sent, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise too_late() from None
    except OSError:  # no process or memory to be had
        raise overloaded() from None
    if done.returncode == 0:
        return done.stdout.decode()
    # A process that ended otherwise was ended by the file, as far as anybody can tell.
    code = done.stdout.decode() if done.returncode == _REFUSED else "file_refused"
    status, message = _REFUSALS[code]
    raise RequestRefused(status, code, message)


def add_rows(app: Flask) -> None:
    """Add `POST /rows`."""
    reading = RowsReading()

    @app.post("/rows")
    def rows() -> Response:
        check_type(request.environ, (BINARY,), f"Send the file's bytes, as {BINARY}.")
        content = read_bytes(request.environ)
        name, column = request.args.get("name", ""), request.args.get("column")
        return json_response(reading.read(content, name, column))
