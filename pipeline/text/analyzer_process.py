"""The parent's side of `analyzer_child.py`: start it, ask it, notice when it dies or hangs."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, cast

from pipeline.errors import ModelMissing, ResourceUnavailable
from pipeline.targets import write_all
from pipeline.text.analyzer_packages import INSTALL
from pipeline.text.java import OLDEST_JAVA, find_java

START_SECONDS = 300.0  # Kkma reads its dictionaries for 30 s on a busy machine
ANSWER_SECONDS = 120.0
"""A safety net that no text is known to need: those that take long are cut into pieces before."""

_PROGRAM = Path(__file__).with_name("analyzer_child.py")


class AnalyzerDied(Exception):
    """The child process ended, or was ended because it did not answer."""


class AnalyzerProcess:
    """A running child process.

    It must not be used by several threads at once, nor after a fork; `JavaTokenizer` sees to both.
    Raises ModelMissing where there is no Java, ResourceUnavailable where the child does not start.
    """

    def __init__(self, name: str) -> None:
        self._process = _start(name)
        # Requests are unbuffered, so that a fork cannot inherit half a request and flush it.
        self._requests = cast(FileIO, self._process.stdin)
        self._answers = BufferedReader(cast(FileIO, self._process.stdout))
        try:
            with self._deadline(START_SECONDS):
                self._read()
        except AnalyzerDied as death:
            raise ResourceUnavailable(
                f"The analyzer {name} does not start ({death}). It takes up to 1.5 GB of memory."
            ) from None

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the child has neither ended nor been stopped."""
        return self._process.poll() is None

    def ask(self, texts: Sequence[str], found: list[list[Sequence[str]]]) -> None:
        """Append the morphemes of each text to `found`, with their tags.

        Raises AnalyzerDied if the child dies; `found` then has the texts before the one it died of.
        This is no generator, since one that is not read to its end would leave answers in the pipe.
        """
        with self._deadline(ANSWER_SECONDS):
            write_all(self._requests, json.dumps(texts).encode("ascii") + b"\n")
            for _ in texts:
                found.append(self._read())

    def _read(self) -> Any:
        answer = json.loads(self._answers.readline())
        if isinstance(answer, dict):
            raise AnalyzerDied(answer["error"])
        return answer

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Stop the child unless the exchange is completed in time.

        The next exchange would otherwise read the answers of this one.
        """
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, ValueError):  # ValueError: the last line is cut off, or the pipe is closed
            self.stop()
            raise AnalyzerDied(f"exit code {self._process.returncode}") from None
        except BaseException:
            self.stop()
            raise
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Kill the child, which has nothing to save."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close the pipes only: for a forked process, whose parent keeps using the child."""
        self._requests.close()
        self._answers.close()
        if self._process.returncode is None:
            self._process.returncode = 0


def _start(name: str) -> "subprocess.Popen[bytes]":
    java = find_java()
    if java is None:
        raise ModelMissing(
            f"The analyzer {name} needs Java {OLDEST_JAVA} or newer. Set JAVA_HOME, or install "
            f"one with `{INSTALL}`."
        )
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(_PROGRAM), name, str(java.library), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,  # Ctrl-C on the terminal is for the parent
    )
