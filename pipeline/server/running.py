"""Running the application: uvicorn's workers under gunicorn, or uvicorn alone on Windows."""

import os
import socket
import sys
from collections.abc import Callable
from types import FrameType

from uvicorn.config import Config
from uvicorn.server import Server

from pipeline.errors import ModelMissing, ResourceUnavailable
from pipeline.server.current_models import StoredModels
from pipeline.server.log_lines import LINES, log_everything
from pipeline.server.serving import UVICORN, Serving
from pipeline.server.settings import ServerSettings


def serve(
    models: StoredModels, settings: ServerSettings, tell: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way and return.

    `tell` is called once it listens. A refused model is left out until it is fixed. Raises
    ModelMissing if there is none at all, ResourceUnavailable if the server cannot listen on the
    address.
    """
    _fill_standard_descriptors()
    LINES.is_readable = settings.readable_log
    log_everything()
    models.refresh(before_fork=sys.platform != "win32")
    if not models.has_any():
        raise ModelMissing(
            f"No model to serve in {models.place}/, and the built-in one is ruled out. Make one "
            "with `sentiment train` and `sentiment serialize`, or name another folder with "
            "--artifacts."
        )
    _probe(settings.host, settings.port)
    serving = Serving(models, settings, tell)
    if sys.platform == "win32":
        run_uvicorn(serving)
    else:
        from pipeline.server.master import run_gunicorn

        run_gunicorn(serving)


def _fill_standard_descriptors() -> None:
    """Else a file or a client would take the place of a closed stderr, and the log go there."""
    number = 0
    while number <= 2:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


def _probe(host: str, port: int) -> None:
    """Fail early and in one line: gunicorn would retry five times and log each."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as listener:
            if sys.platform != "win32":  # there it would let two servers have one port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResourceUnavailable(
            f"Cannot listen on {host}:{port}: {reason}. Choose another with --host and --port."
        ) from None


class Alone(Server):
    """uvicorn without a master; unlike its own, it returns after a signal, not raising it again."""

    def __init__(self, serving: Serving) -> None:
        host, port = serving.settings.host, serving.settings.port
        super().__init__(Config(serving.bridge, host=host, port=port, log_config=None, **UVICORN))
        self.serving = serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.serving.tell()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Drain: else a client that keeps asking would not leave. A second signal ends at once."""
        self.serving.draining.set()
        self.force_exit = self.should_exit
        self.should_exit = True


def run_uvicorn(serving: Serving) -> None:
    """Serve from this one process until a signal, then finish what is under way and return."""
    serving.start(0)
    Alone(serving).run()
