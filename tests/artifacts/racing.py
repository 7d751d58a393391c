"""A process that changes stores: "use DIGEST", "prune" or "publish", on each named on its stdin."""

import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.artifacts.store import prune_artifacts, use_artifact
from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_folder
from tests.artifacts.conftest import add_artifact


def main(command: str, digest: str = "") -> None:
    changes: dict[str, Callable[[Path], object]] = {
        "use": lambda root: use_artifact(root, digest, load_folder),
        "prune": prune_artifacts,
        "publish": lambda root: add_artifact(root, "fast"),
    }
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            changes[command](Path(line.strip()))
            print("done", flush=True)
        except SentimentError as error:
            print(type(error).__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
