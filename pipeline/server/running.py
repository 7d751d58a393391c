"""Running the application under a production WSGI server: gunicorn, or waitress on Windows."""

import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

from flask import Flask

from pipeline.errors import ResourceUnavailable
from pipeline.handlers.base import Handler
from pipeline.server.app import create_app

THREADS = 4
"""Requests that one worker process has under way at once."""


def serve(handlers: Mapping[str, Handler], host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way and return.

    The handlers are loaded before the workers are forked, so that these share their memory. Raises
    ResourceUnavailable where the address cannot be had.
    """
    _probe(host, port)
    app = create_app(handlers)
    if sys.platform == "win32":
        _run_waitress(app, host, port)
    else:
        _run_gunicorn(app, host, port, workers)


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


def _run_waitress(app: Flask, host: str, port: int) -> None:
    import waitress

    waitress.serve(app, host=host, port=port, threads=THREADS)


def _run_gunicorn(app: Flask, host: str, port: int, workers: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):  # type: ignore[misc]
        """gunicorn around an application that is made already."""

        def load_config(self) -> None:
            for name, value in _gunicorn_settings(host, port, workers).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    try:
        Application().run()
    except SystemExit as exit_request:
        if exit_request.code:
            raise


def _gunicorn_settings(host: str, port: int, workers: int) -> dict[str, Any]:
    address = f"[{host}]" if ":" in host else host
    return {
        "bind": f"{address}:{port}",
        "workers": workers,
        "threads": THREADS,
        "worker_class": "gthread",
        "preload_app": True,
        "control_socket_disable": True,
        "loglevel": "warning",
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112
    }
