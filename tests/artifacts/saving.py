"""A process that saves a run and is killed in place of the N-th call that writes to the disk."""

import os
import signal
import sys
from pathlib import Path

from pipeline.artifacts.runs import Run, save_run
from tests.support.disk_calls import DiskCalls

FILES = {"weights.safetensors": b"w" * 10**6, "config.json": b"{}", "tokenizer.json": b"[]"}


def make_run() -> Run:
    return Run.describe(
        slot="deep",
        cleaning_version=1,
        settings={},
        data={},
        metrics={},
        profile={},
        versions={},
        seconds=1.0,
    )


def main(root: Path, number: int) -> None:
    run = make_run()
    DiskCalls(root, number, lambda: os.kill(os.getpid(), signal.SIGKILL)).install()
    save_run(root, run, FILES)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
