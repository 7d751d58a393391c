"""The server as Windows has it: uvicorn alone, on asyncio's own loop, without Unix's modules.

`python -m tests.support.alone serve --artifacts ROOT --port PORT`.
"""

import sys
from pathlib import Path

ELSEWHERE = ("gunicorn", "uvicorn_worker", "uvloop", "fcntl", "resource", "pwd", "grp", "termios")
"""Modules that Windows does not have."""


def hide() -> None:
    """From now on, importing one of them fails as it does where there is none."""
    sys.modules.update(dict.fromkeys(ELSEWHERE))  # type: ignore[arg-type]


def main(root: Path, port: int) -> None:
    """Serve until a signal."""
    hide()
    from pipeline.server.current_models import StoredModels
    from pipeline.server.log_lines import log_everything
    from pipeline.server.running import run_uvicorn
    from pipeline.server.serving import Serving
    from pipeline.server.settings import ServerSettings

    log_everything()
    run_uvicorn(Serving(StoredModels(root), ServerSettings(port=port)))


if __name__ == "__main__":
    main(Path(sys.argv[3]), int(sys.argv[5]))
