"""gunicorn's master process: it forks the workers, replaces those that die, and ends them."""

import gc
import resource
import tempfile
import threading
import time
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from pipeline.server.log_lines import log, log_everything
from pipeline.server.serving import SECONDS_TO_FINISH, Serving
from pipeline.server.worker import Worker


def run_gunicorn(serving: Serving) -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        Master(_Application(serving)).run()
    except SystemExit as exit_request:
        if exit_request.code:
            raise


class _Application(BaseApplication):  # type: ignore[misc]
    """What gunicorn serves, made before the fork: the workers share its memory."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        super().__init__()

    def load_config(self) -> None:
        """Take our settings, and read no configuration file of gunicorn's."""
        _allow_many_files()
        for name, value in self._settings().items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The ASGI application."""
        return self.serving.bridge

    def _settings(self) -> dict[str, Any]:
        host, port = self.serving.settings.host, self.serving.settings.port
        return {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "backlog": 2048,
            "workers": self.serving.settings.workers,
            "worker_class": Worker,
            "graceful_timeout": SECONDS_TO_FINISH,
            "preload_app": True,
            "control_socket_disable": True,
            "loglevel": "warning",
            "worker_tmp_dir": "/dev/shm" if _takes_files("/dev/shm") else None,  # noqa: S108
            "when_ready": lambda _: self.serving.tell(),
            "pre_fork": self._before_fork,
            "post_worker_init": self._start_worker,
            "child_exit": self._bury_worker,
        }

    def _before_fork(self, arbiter: Arbiter, worker: Worker) -> None:
        """Refresh the models that the workers share, and find the worker a free row."""
        self.serving.models.refresh(before_fork=True)
        gc.freeze()  # else each worker's first collection would copy the shared pages
        taken = {other.row for other in arbiter.WORKERS.values()}
        free = [row for row in range(self.serving.rows) if row not in taken]
        worker.row = free[0] if free else worker.age % self.serving.rows

    def _start_worker(self, worker: Worker) -> None:
        """In the worker, before it accepts: load models that do not survive a fork."""
        loading = threading.Thread(target=self.serving.start, args=(worker.row,))
        loading.start()
        while loading.is_alive():
            worker.notify()
            loading.join(1.0)

    def _bury_worker(self, _: Arbiter, worker: Worker) -> None:
        """Forget what a worker had under way when it ended."""
        self.serving.metrics.bury(worker.row)


class Master(Arbiter):  # type: ignore[misc]
    """After SIGTERM it goes on for `drain` seconds with `/readyz` at 503, and only then ends."""

    def __init__(self, application: _Application) -> None:
        super().__init__(application)
        log_everything()
        self._ends_at: float | None = None

    def handle_term(self) -> None:
        """Begin to drain; a second signal does not wait."""
        self.app.serving.draining.set()
        drain = 0.0 if self._ends_at else self.app.serving.settings.drain
        self._ends_at = time.monotonic() + drain

    def handle_int(self) -> None:
        """Ctrl-C: end as soon as what is under way is answered."""
        self.app.serving.draining.set()
        self._ends_at = time.monotonic()

    handle_quit = handle_int

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait for signals, until it is time to end."""
        if self._ends_at is not None:
            timeout = min(timeout, max(0.0, self._ends_at - time.monotonic()))
        signals: list[int] = super().wait_for_signals(timeout)
        return signals

    def manage_workers(self) -> None:
        """Replace workers that have died; raises StopIteration, gunicorn's way to end, in time."""
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            raise StopIteration
        try:
            super().manage_workers()
        except OSError as error:  # no process, descriptor or file to be had: there may be soon
            log("error", message=f"No worker could be started: {error.strerror}")

    def _ignore(self) -> None:
        """How many workers there are is settled; a new program wants a new start."""

    handle_hup = handle_ttin = handle_ttou = handle_usr2 = handle_winch = _ignore


def _takes_files(folder: str) -> bool:
    """Whether a file can be made there; gunicorn needs one for each worker."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: each connection takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
