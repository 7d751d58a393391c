"""All that a server is made of, put together before its workers are forked."""

import os
from collections.abc import Callable
from typing import Any

from pipeline.server.admission import Admission
from pipeline.server.app import create_app
from pipeline.server.bridge import Bridge
from pipeline.server.capturing import Capture
from pipeline.server.clients import Awaited
from pipeline.server.connection import Connection
from pipeline.server.current_models import StoredModels
from pipeline.server.gathering import Gathering
from pipeline.server.live_texts import LiveTexts
from pipeline.server.log_lines import LINES
from pipeline.server.metrics import Metrics
from pipeline.server.observing import ROUTES
from pipeline.server.settings import ServerSettings
from pipeline.server.shared_memory import Flag
from pipeline.server.trace_variables import tracing_for

SECONDS_TO_FINISH = 28
"""For requests under way at SIGTERM: more than the longest deadline, less than the 30 s after which
Kubernetes kills."""

SECONDS_TO_LOAD = 15.0
"""For the models at the start; then requests are taken, and a model that takes longer is missing
until it is there."""

UVICORN: dict[str, Any] = {
    "http": Connection,
    "ws": "none",
    "lifespan": "on",
    "interface": "asgi3",
    "proxy_headers": False,
    "server_header": False,
    "access_log": False,
    "timeout_keep_alive": int(Awaited.NEXT.value),
    "timeout_graceful_shutdown": SECONDS_TO_FINISH - 2,
}
"""Settings of uvicorn, in gunicorn's workers and alone."""


class Serving:
    """The application around models that the workers share, follow, and count texts of.

    `tell` is called once the server listens. `rows`: of what the workers share, two for each, since
    one that is ending may still count while its successor does.
    """

    def __init__(
        self,
        models: StoredModels,
        settings: ServerSettings,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self.models, self.settings, self.tell = models, settings, tell
        self.rows = 2 * settings.workers
        self.draining = Flag()
        self.metrics = Metrics(ROUTES, self.rows)
        self.live = LiveTexts(self.rows, self.metrics)
        admission = Admission(settings)
        self.capture = Capture.of(settings, self.rows, self.metrics)
        app = create_app(
            models, settings, self.live, self.draining, self.metrics, admission, self.capture
        )
        self.bridge = Bridge(
            app, settings, Gathering(models, settings), admission, self.metrics, self.draining
        )
        self.tracing = tracing_for(os.environ)
        self.bridge.when_over = self.stop

    def start(self, row: int) -> None:
        """In the process that serves: load what is not loaded, follow it, count into this row."""
        LINES.start(self.metrics.log_line_lost)
        self.metrics.start(row)
        self.models.hardware = self.models.hardware.for_process(row)
        self.models.follow(self.metrics.show_models)
        self.models.wait(SECONDS_TO_LOAD)
        self.metrics.show_models(self.models.names())
        self.live.start(row)
        if self.tracing is not None:
            self.tracing.start()
            self.bridge.tracing = self.tracing
        if self.capture is not None:
            self.capture.start()

    def stop(self) -> None:
        """In that process, after its last answer: write what is still queued, and let go."""
        if self.capture is not None:
            self.capture.stop()
        if self.bridge.tracing is not None:
            self.bridge.tracing.stop()
        self.models.stop()
        LINES.finish()
