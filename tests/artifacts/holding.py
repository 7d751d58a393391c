"""A process that keeps an artifact in use until it is killed, by a handler or by a lease."""

import signal
import sys
from pathlib import Path

from pipeline.artifacts.leases import hold_lease
from pipeline.handlers.loading import load_folder


class _Owner:
    """Owns a lease."""


def main(kind: str, folder: Path) -> None:
    owner = load_folder(folder) if kind == "handler" else _Owner()
    if kind == "lease":
        hold_lease(owner, folder)
    print("held", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
