"""More calls at once than may wait: `python -m tests.server.replicas.crowding ADDRESS FOLDER`.

Prints what came of them, each once. A process of its own, since Ray keeps threads in one that has
been connected.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.server.refusals import RequestRefused
from pipeline.server.replicas.applications import Applications
from pipeline.server.replicas.handler import DeepReplicas
from pipeline.server.replicas.settings import ClusterSettings


def main() -> None:
    """Ask a single replica, whose queue has room for one call."""
    applications = Applications(ClusterSettings(sys.argv[1], queue=1), 1)
    handler = DeepReplicas(Path(sys.argv[2]), applications)
    handler.initialize()

    def answer(_: int) -> str:
        try:
            return handler.handle(["아무 말"] * 500)[0].label
        except RequestRefused as refusal:
            return f"{refusal.status} {refusal.code}"

    with ThreadPoolExecutor(16) as pool:
        print(*sorted(set(pool.map(answer, range(32)))), sep="\n")
    applications.close()


if __name__ == "__main__":
    main()
