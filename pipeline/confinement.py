"""Work on files that nobody vouches for, in a child process with bounds: memory and time.

The child (`confined_child.py`) inherits no threads and no locks, and no library that was used here.
It loads its libraries once and does each piece of work in a fork of its own, where there are
forks. Whatever happens there, this process goes on.
"""

import atexit
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, cast

from pipeline import errors
from pipeline.errors import ArtifactRefused, ResourceUnavailable, SentimentError

_MEGABYTE = 10**6
_LONGEST_COMPLAINT = 300
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What a piece of work may take.

    `memory`: bytes of its own, besides those of the libraries. `processor_seconds`: all threads
    together. `seconds`: how long it may last, which is more, as the machine may have other work.
    """

    memory: int
    processor_seconds: int
    seconds: int


class NotSurvived(ArtifactRefused):
    """The work passed a limit, ended its process, or raised an error that nobody foresaw."""


class Confinement:
    """A child process that calls functions of this package, each with limits.

    `libraries`: modules to load before the first call. The child is started when it is first
    needed, and again after it was killed; it ends with this process, or by `close`. One call at a
    time; others wait.
    """

    def __init__(self, *libraries: str) -> None:
        self._libraries = libraries
        self._process: subprocess.Popen[bytes] | None = None
        self._owner, self._is_ready = 0, False
        self._complaints = cast("IO[bytes]", None)
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the child and have it load its libraries; does not wait for that."""
        if self._process is not None and self._owner == os.getpid():
            return
        atexit.register(self.close)
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._owner, self._is_ready = os.getpid(), False
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "pipeline.confined_child", *self._libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,  # its group is killed as a whole, and Ctrl-C is for the parent
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # threads do not survive a fork
        )

    def call(self, function: str, arguments: Mapping[str, Any], limits: Limits) -> Any:
        """What `module:function` of these keyword arguments returns; all of it goes through JSON.

        Raises NotSurvived, and whatever SentimentError the function raises.
        """
        with self._lock:
            self.start()
            try:
                answer = self._ask({"function": function, "arguments": arguments}, limits)
            except BaseException:
                self.close()
                raise
            if not hasattr(os, "fork"):
                self.close()
        return _value(answer, limits)

    def _ask(self, request: dict[str, Any], limits: Limits) -> dict[str, Any]:
        process = cast("subprocess.Popen[bytes]", self._process)
        requests, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        if not self._is_ready:  # its libraries are ours: their time is not that of the work
            self._is_ready = bool(answers.readline())
        passed = threading.Event()

        def end() -> None:
            passed.set()
            self._kill()

        timer = threading.Timer(limits.seconds, end)
        timer.daemon = True
        self._complaints.seek(0)  # the child's place in it is the same
        self._complaints.truncate()
        timer.start()
        try:
            requests.write(json.dumps({**request, "limits": asdict(limits)}).encode() + b"\n")
            requests.flush()
            line = answers.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        answer: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"died": 0}
        if "died" in answer:
            answer["complaint"] = self._complaint()
            answer["late"] = passed.is_set()
            if not line.endswith(b"\n"):
                self.close()
        return answer

    def _complaint(self) -> str:
        """What the child has said on its standard error, in one line."""
        self._complaints.seek(0)
        said = self._complaints.read(_LONGEST_COMPLAINT).decode("utf-8", "replace")
        return " ".join(said.replace("\0", "").split())

    def _kill(self) -> None:
        process = cast("subprocess.Popen[bytes]", self._process)
        if hasattr(os, "killpg"):
            import signal

            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()

    def close(self) -> None:
        """End the child and whatever it has started."""
        if self._process is None:
            return
        atexit.unregister(self.close)
        if self._owner == os.getpid():  # a fork has no child of its own to end
            self._kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            with suppress(BrokenPipeError):
                cast("IO[bytes]", stream).close()
        self._process = None


def _value(answer: dict[str, Any], limits: Limits) -> Any:
    if "value" in answer:
        return answer["value"]
    if "error" in answer:
        kind = getattr(errors, answer["error"])
        raise cast("type[SentimentError]", kind)(answer["message"])
    if "bug" in answer:
        _log.debug("In the child process:\n%s", answer["traceback"])
        raise NotSurvived(f"reading it failed with {answer['bug']}")
    raise NotSurvived(_death(answer, limits))


def _death(answer: dict[str, Any], limits: Limits) -> str:
    """Which limit was passed, or how else the process ended."""
    complaint = answer["complaint"]
    if answer["late"]:
        return f"reading it took longer than {limits.seconds} s, the time limit"
    if answer["died"] == "SIGXCPU":
        return f"reading it took {limits.processor_seconds} s of processor time, the limit"
    if answer["died"] == "memory" or "memory allocation" in complaint:
        return f"reading it took more than {limits.memory // _MEGABYTE:,} MB of memory, the limit"
    if answer["died"] == 0 and not complaint:
        raise ResourceUnavailable("A child process was ended from outside. Try again.")
    return f"reading it ended the process ({answer['died'] or 'at once'}) {complaint}".strip()
