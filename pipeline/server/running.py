"""Running the application under a production WSGI server: gunicorn, or waitress on Windows."""

import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import ModelMissing, ResourceUnavailable
from pipeline.server.current_models import StoredModels
from pipeline.server.settings import ServerSettings


def serve(models: StoredModels, settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way and return.

    A refused model is left out until it is fixed. Raises ModelMissing if the store has no artifact
    at all, ResourceUnavailable if the server cannot listen on the address.
    """
    with _metrics_folder():
        from pipeline.server.observing import JsonLines

        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
        models.refresh(before_fork=sys.platform != "win32")
        if not models.has_any():
            raise ModelMissing(
                f"No model in {models.root}/. Make one with `sentiment train` and `sentiment "
                "serialize`, or name another folder with --artifacts."
            )
        _probe(settings.host, settings.port)
        if sys.platform == "win32":
            _run_waitress(models, settings)
        else:
            from pipeline.server.master import run_gunicorn

            run_gunicorn(models, settings)


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """A new folder for the workers' metrics; in memory if the system has /dev/shm."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
    folder = tempfile.mkdtemp(prefix=f"sentiment-metrics-{os.getpid()}-", dir=memory)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:  # a worker passes here too when it ends
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
            shutil.rmtree(folder, ignore_errors=True)


def _probe(host: str, port: int) -> None:
    """Fail early and in one line: gunicorn would retry five times and log each."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResourceUnavailable(
            f"Cannot listen on {host}:{port}: {reason}. Choose another with --host and --port."
        ) from None


def _run_waitress(models: StoredModels, settings: ServerSettings) -> None:
    import waitress

    from pipeline.server import prometheus
    from pipeline.server.app import create_app
    from pipeline.server.live_texts import LiveTexts

    live = LiveTexts(1)
    live.start(0)
    models.follow(prometheus.show_models)
    app = create_app(models, settings, live)
    waitress.serve(app, host=settings.host, port=settings.port, threads=settings.threads)
