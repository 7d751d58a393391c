"""gunicorn's master process: it makes the application, forks the workers, and ends them."""

import gc
import os
import resource
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from prometheus_client.multiprocess import mark_process_dead

from pipeline.server import prometheus
from pipeline.server.app import create_app
from pipeline.server.current_models import StoredModels
from pipeline.server.gathering import Gathering
from pipeline.server.live_texts import LiveTexts
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag
from pipeline.server.worker import BufferingWorker

Gather = Callable[[Sequence[dict[str, Any]]], object]
"""Called with the environs of small requests that are ready at the same moment."""

CONNECTIONS = 2_000
"""Of one worker; beyond that, the connection waited for longest is closed."""
SECONDS_TO_FINISH = 30
"""For requests under way at SIGTERM."""


def run_gunicorn(models: StoredModels, settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        ServingModels(models, settings).run()
    except SystemExit as exit_request:
        if exit_request.code:
            raise


class Serving(BaseApplication):  # type: ignore[misc]
    """gunicorn around an application, which is made before the fork: workers share its memory.

    `gather` is called before the application, to fill in the contexts of the requests.
    """

    def __init__(
        self, application: Flask, settings: ServerSettings, gather: Gather = lambda _: None
    ) -> None:
        self.application, self.settings, self.gather = application, settings, gather
        self.draining = Flag()
        super().__init__()

    def load_config(self) -> None:
        """Take our settings, and read no configuration file of gunicorn's."""
        _allow_many_files()
        for name, value in self.gunicorn_settings().items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application."""
        return self.application

    def run(self) -> None:
        """Serve until a signal ends the server; raises SystemExit."""
        _DrainingArbiter(self).run()

    def gunicorn_settings(self) -> dict[str, Any]:
        """Our settings under gunicorn's names."""
        host, port = self.settings.host, self.settings.port
        return {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "backlog": 2048,
            "workers": self.settings.workers,
            "threads": self.settings.threads,
            "worker_class": BufferingWorker,
            "worker_connections": CONNECTIONS,
            "graceful_timeout": SECONDS_TO_FINISH,
            "preload_app": True,
            "control_socket_disable": True,
            "loglevel": "warning",
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108, PTH112
        }


class ServingModels(Serving):
    """The API around models that the workers share, follow and count texts of."""

    def __init__(self, models: StoredModels, settings: ServerSettings) -> None:
        self.models = models
        # Two rows a worker: one that is ending may still count while its successor does.
        self.live = LiveTexts(2 * settings.workers)
        draining = Flag()
        application = create_app(models, settings, self.live, draining)
        super().__init__(application, settings, Gathering(models, settings).gather)
        self.draining = draining

    def gunicorn_settings(self) -> dict[str, Any]:
        """Those of `Serving`, and hooks for the start and the end of a worker."""
        return {
            **super().gunicorn_settings(),
            "pre_fork": self.before_fork,
            "post_worker_init": self.start_worker,
            "child_exit": self.bury_worker,
        }

    def before_fork(self, arbiter: Arbiter, worker: BufferingWorker) -> None:
        """Refresh the models that the workers share, and find the worker a free row of `live`."""
        self.models.refresh(before_fork=True)
        gc.freeze()  # else each worker's first collection would copy the shared pages
        taken = {other.row for other in arbiter.WORKERS.values()}
        worker.row = next(row for row in range(2 * self.settings.workers + 1) if row not in taken)

    def start_worker(self, worker: BufferingWorker) -> None:
        """In the worker, before it accepts: load models that do not survive a fork, follow all."""
        loading = threading.Thread(target=self.models.refresh)
        loading.start()
        while loading.is_alive():
            worker.notify()
            loading.join(1.0)
        prometheus.show_models(self.models.names())
        self.models.follow(prometheus.show_models)
        self.live.start(worker.row % (2 * self.settings.workers))

    def bury_worker(self, _: Arbiter, worker: BufferingWorker) -> None:
        """Remove the gauges of a worker that has ended; its counters stay."""
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


class _DrainingArbiter(Arbiter):  # type: ignore[misc]
    """After SIGTERM, `/readyz` answers 503 for `drain` seconds before the server stops."""

    def stop(self, graceful: bool = True) -> None:
        self.app.draining.set()
        end = time.monotonic() + self.app.settings.drain
        while graceful and time.monotonic() < end:
            time.sleep(min(0.1, max(0.0, end - time.monotonic())))
        super().stop(graceful)


def _allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: each connection takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
