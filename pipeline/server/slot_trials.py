"""The trials of deep artifacts that the workers of one server share: each is tried by one of them.

A worker holds a lock of the kernel's on the artifact's manifest while it tries it, so that a
worker that is killed leaves no lock behind. What came of it is in memory that all share.
"""

import mmap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from pipeline.artifacts.verification import MANIFEST, Trust, open_warily, read_manifest
from pipeline.confined_child import preload
from pipeline.confinement import NotSurvived
from pipeline.errors import SentimentError
from pipeline.handlers.trial import ONNX, ONNX_TRIALS, TORCH_TRIALS, trials_for, try_artifact

try:
    import fcntl
except ImportError:  # Windows, where one process serves
    fcntl = None  # type: ignore[assignment]

FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0
"""Seconds for which an artifact that did not survive its trial is not tried again; each further
trial doubles them, so that a bomb does not keep a core busy."""

_PASSED, _FAILED = b"passed", b"failed"


class SlotTrials:
    """Made before the workers are forked."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._memory = mmap.mmap(-1, 256)

    @contextmanager
    def started(self, folder: Path) -> Iterator[None]:
        """For the body, which checks it: a child process, whose libraries load meanwhile.

        None is started for an artifact whose verdict is known. One for ONNX stays, so that the next
        swap does not wait for it; that of torch would take much memory.
        """
        with suppress(SentimentError):  # a bad manifest is told of by whoever loads the artifact
            manifest, digest = read_manifest(folder)
            trials, (verdict, _, until) = trials_for(manifest), self._known(digest)
            if verdict != _PASSED and time.monotonic() >= until:
                trials.start()
            if trials is ONNX_TRIALS:
                preload(ONNX)  # here, too, meanwhile
        try:
            yield
        finally:
            TORCH_TRIALS.close()

    def check(self, folder: Path, digest: str) -> None:
        """See that the artifact of this digest passes its trial, or has passed it.

        Raises what `try_artifact` raises. One that did not survive is refused for a while without
        another trial.
        """
        with _alone(folder):
            verdict, pause, until = self._known(digest)
            if verdict == _PASSED:
                return
            if verdict == _FAILED and time.monotonic() < until:
                raise NotSurvived(
                    f"{folder} is refused: it did not survive its trial. The log says why above."
                )
            trust = replace(self._trust, digest=digest)
            try:
                try_artifact(folder, trust)
            except NotSurvived:
                pause = min(2 * pause, LONGEST_PAUSE) if verdict == _FAILED else FIRST_PAUSE
                self._note(_FAILED, digest, pause)
                raise
            self._note(_PASSED, digest, 0.0)

    def _known(self, digest: str) -> tuple[bytes, float, float]:
        """(Verdict, pause, until when) of this digest; the verdict is empty where there is none."""
        fields = self._memory[:].rstrip(b"\0").split()
        if len(fields) == 4 and fields[1] == digest.encode():
            return fields[0], float(fields[2]), float(fields[3])
        return b"", 0.0, 0.0

    def _note(self, verdict: bytes, digest: str, pause: float) -> None:
        record = b"%s %s %f %f" % (verdict, digest.encode(), pause, time.monotonic() + pause)
        self._memory[:] = record.ljust(len(self._memory), b"\0")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process tries this artifact."""
    if fcntl is None:
        yield
        return
    with open_warily(folder / MANIFEST) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
