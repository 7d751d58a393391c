"""A random sample of the texts that are asked, kept with their answers where an operator wants it.

A request only draws lots and queues; a thread writes. Whatever happens to the disk, requests are
answered: what cannot be written is dropped and counted.
"""

import json
import logging
import random
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.errors import InvalidInput, ResourceUnavailable
from pipeline.handlers.base import Prediction
from pipeline.server.captured_files import LARGEST_BLOCK, CapturedFiles
from pipeline.server.log_lines import iso_time
from pipeline.server.measures import LOST, WRITTEN
from pipeline.server.metrics import Metrics
from pipeline.server.settings import ServerSettings

FLUSH_SECONDS = 1.0
MOST_WAITING = 10_000
"""Texts waiting to be written; further ones are lost."""
SECONDS_TO_FINISH = 5.0
"""For writing what is queued when the server ends; a disk may hang."""

_log = logging.getLogger(__name__)


class Capture:
    """Keeps each text with probability `share` in `folder`, in files of `megabytes` in all.

    `rows`: how many processes may write at once. A folder that is missing is made, for this account
    alone. Raises InvalidInput if the path is no folder or `megabytes` are too few for so many
    processes, ResourceUnavailable if no file can be made in the folder.
    """

    def __init__(
        self, folder: Path, share: float, megabytes: int, rows: int, metrics: Metrics
    ) -> None:
        fewest = CapturedFiles.fewest_bytes(rows)
        if megabytes * 2**20 < fewest:
            fewest_megabytes = -(-fewest // 2**20)
            raise InvalidInput(f"So many workers need --capture-megabytes {fewest_megabytes}.")
        _check_folder(folder)
        self._share, self._metrics = share, metrics
        self._files = CapturedFiles(folder, megabytes * 2**20, rows)
        self._waiting: deque[tuple[Prediction, str, float]] = deque()
        self._is_failing = False
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, settings: ServerSettings, rows: int, metrics: Metrics) -> "Capture | None":
        """The capture that these settings ask for, if they do."""
        if settings.capture is None:
            return None
        share, megabytes = settings.capture_share, settings.capture_megabytes
        return cls(settings.capture, share, megabytes, rows, metrics)

    def start(self) -> None:
        """Write from now on, in a thread of its own; what a crash has left half is mended first."""
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def add(self, model: str, predictions: Sequence[Prediction]) -> None:
        """Draw lots for these answers of a model, and queue those drawn."""
        drawn = [one for one in predictions if random.random() < self._share]  # noqa: S311
        if not drawn:
            return
        now, room = time.time(), max(0, MOST_WAITING - len(self._waiting))
        self._waiting.extend((one, model, now) for one in drawn[:room])
        if len(drawn) > room:
            self._metrics.captured(LOST, len(drawn) - room)

    def stop(self) -> None:
        """Write what is queued, and end."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(SECONDS_TO_FINISH)

    def _run(self) -> None:
        self._files.mend()
        while not self._ending.wait(FLUSH_SECONDS):
            self.flush()
        self.flush()
        self._files.close()

    def flush(self) -> None:
        """Write what is queued; never raises OSError."""
        queued = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for count, block in _blocks(_line(*one) for one in queued):
            try:
                self._files.append(block)
            except OSError as error:
                self._metrics.captured(LOST, count)
                self._tell(error)
            else:
                self._metrics.captured(WRITTEN, count)
                self._tell(None)

    def _tell(self, error: OSError | None) -> None:
        """Log when writing begins to fail, and when it works again, but not each time between."""
        if error is not None and not self._is_failing:
            reason = error.strerror or type(error).__name__
            _log.warning("capture_failed: %s. Texts are lost until it works again.", reason)
        elif error is None and self._is_failing:
            _log.warning("capture_works: texts are captured again.")
        self._is_failing = error is not None


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise InvalidInput(f"{folder} is no folder. Name another one with --capture.") from None
    except OSError as error:
        raise ResourceUnavailable(
            f"Cannot write in {folder}: {error.strerror}. Name another folder with --capture."
        ) from None


def _line(prediction: Prediction, model: str, seconds: float) -> bytes:
    """The line of one text, in the form that all commands read."""
    record = {**prediction._asdict(), "model": model, "time": iso_time(seconds)}
    return f"{json.dumps(record, ensure_ascii=False)}\n".encode(errors="backslashreplace")


def _blocks(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines in blocks that are written at once, each with its number of lines."""
    count, block = 0, b""
    for line in lines:
        if count and len(block) + len(line) > LARGEST_BLOCK:
            yield count, block
            count, block = 0, b""
        count, block = count + 1, block + line
    if count:
        yield count, block
