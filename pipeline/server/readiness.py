"""Whether the server is ready: one answer for `/readyz` and for the probes of the other doors."""

from pipeline.server.current_models import Models
from pipeline.server.shared_memory import Flag

READY = "ready"


class Readiness:
    """Ready once every expected slot has its model, and until the server drains.

    `draining` is set before the server ends; None where it never is.
    """

    def __init__(self, models: Models, draining: Flag | None) -> None:
        self.models, self._draining = models, draining

    @property
    def status(self) -> str:
        """One of READY, "draining", "not ready"."""
        if self._draining is not None and self._draining.is_set:
            return "draining"
        return READY if self.models.are_ready else "not ready"

    @property
    def code(self) -> int:
        """The HTTP status that tells whether new requests may be sent here."""
        return 200 if self.status == READY else 503
