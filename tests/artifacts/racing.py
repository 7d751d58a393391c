"""A process that works on stores: `use DIGEST` or `prune` on each folder named on its stdin."""

import sys
from pathlib import Path

from pipeline.artifacts.store import prune_artifacts, use_artifact
from pipeline.errors import SentimentError
from pipeline.handlers.loading import load_folder


def main(command: str, digest: str = "") -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        root = Path(line.strip())
        try:
            if command == "use":
                use_artifact(root, digest, load_folder)
            else:
                prune_artifacts(root)
            print("done", flush=True)
        except SentimentError as error:
            print(type(error).__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
