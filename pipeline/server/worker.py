"""gunicorn's worker: uvicorn, with our connections."""

from typing import Any

from uvicorn_worker import UvicornWorker

from pipeline.server.log_lines import log_everything
from pipeline.server.serving import UVICORN


class Worker(UvicornWorker):  # type: ignore[misc]
    """One worker process; `row` is its own in whatever the workers share."""

    CONFIG_KWARGS = {**UVICORN, "loop": "uvloop"}  # noqa: RUF012
    row = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        log_everything()  # the base has given uvicorn's logger gunicorn's handlers
