"""The models a server answers with: loaded, and swapped while it runs."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pipeline.artifacts import builtin
from pipeline.artifacts.pointer import artifact_in_use, current_artifact, read_current, state_of
from pipeline.artifacts.verification import ANY, Trust, load_artifact, read_manifest
from pipeline.errors import SentimentError
from pipeline.handlers.base import Handler
from pipeline.handlers.loading import HANDLERS, load_current
from pipeline.models.hardware import ALL, Hardware
from pipeline.server.slot_trials import SlotTrials

LOOK_SECONDS = 1.0
"""Between two checks of which artifact is current."""
RETRY_SECONDS = 30.0
"""After which a refused artifact is tried again even if its files have not changed."""

_log = logging.getLogger(__name__)


class Models:
    """Initialized handlers by slot."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        # Replaced as a whole, never changed, so that readers need no lock.
        self.handlers = dict(handlers)

    def expected(self) -> set[str]:
        """Slots that should have a model."""
        return set(self.handlers)

    def names(self) -> dict[str, str]:
        """Names of the handlers, by slot."""
        return {slot: handler.name for slot, handler in self.handlers.items()}

    def stop(self) -> None:
        """Let go of what the handlers hold beyond this process, when it ends."""

    @property
    def are_ready(self) -> bool:
        """Whether every expected slot has a model, and at least one slot is expected."""
        return bool(self.handlers) and self.expected() <= set(self.handlers)


class StoredModels(Models):
    """The current artifacts of a store, followed while the server runs.

    A new artifact is verified and replays its golden set before it takes over; if it is refused,
    the old one continues to answer. Until there is a first one, the built-in model answers for its
    slot. `hardware`: for each model, see `Handler`. `feed`: brings artifacts to the store from
    elsewhere; it is called once in each process that follows, in a thread of its own. `place`: what
    a user calls the store.
    """

    def __init__(
        self,
        root: Path,
        trust: Trust = ANY,
        slots: Iterable[str] | None = None,
        hardware: Hardware = ALL,
        feed: Callable[[], None] | None = None,
    ) -> None:
        super().__init__({})
        self._feed = feed
        self.place = str(root)
        self.root, self.trust, self.hardware = root, trust, hardware
        self.slots = tuple(HANDLERS if slots is None else slots)
        self._seen: dict[str, object] = {}
        self._retry_at: dict[str, float] = {}
        self._refreshing = {slot: threading.Lock() for slot in self.slots}
        self._replacing = threading.Lock()
        self._trials = SlotTrials(trust)
        self._late: set[str] = set()

    def expected(self) -> set[str]:
        """Slots in which an artifact was found, good or bad, or for which one is built in."""
        return {*self._seen, *self._late}

    def has_any(self) -> bool:
        """Whether any slot has an artifact, good or bad, loaded or not, or one is built in."""
        return bool(self._with_artifact())

    @property
    def uses_builtin(self) -> bool:
        """Whether the built-in model answers for its slot, as far as is known now."""
        return builtin.SLOT in self.slots and self._state(builtin.SLOT) == builtin.DIGEST

    def refresh(self, before_fork: bool = False) -> None:
        """Load what has become current since the last time; never raises.

        `before_fork`: load only models that survive a fork, for the workers to share.
        """
        for slot in self.slots:
            if not before_fork or self._survives_fork(slot):
                self.refresh_slot(slot)

    def _survives_fork(self, slot: str) -> bool:
        """Whether the current artifact does; one whose manifest is bad is left to the workers."""
        try:
            manifest, _ = read_manifest(artifact_in_use(self.root, slot, self.trust))
        except SentimentError:
            return False
        return HANDLERS[slot].survives_fork(manifest.settings)

    def _state(self, slot: str) -> object:
        """A value that changes when another artifact is to answer; None where there is none.

        A slot that once had an artifact of its own does not go back to the built-in one.
        """
        state = state_of(self.root / slot)
        if state is not None or self._seen.get(slot, builtin.DIGEST) != builtin.DIGEST:
            return state
        try:
            folder = artifact_in_use(self.root, slot, self.trust)
        except SentimentError:
            return None
        return builtin.DIGEST if folder == builtin.FOLDER else None

    def refresh_slot(self, slot: str) -> None:
        """Load what has become current in this slot since the last time; never raises."""
        with self._refreshing[slot]:
            self._refresh(slot)

    def _refresh(self, slot: str) -> None:
        state = self._state(slot)
        if state is None or not self._is_due(slot, state):
            return
        try:
            if self._is_loaded(slot):
                self._retry_at.pop(slot, None)
                return
            handler = self._load(slot)
        except Exception as error:
            self._retry_at[slot] = time.monotonic() + RETRY_SECONDS
            reason = str(error) if isinstance(error, SentimentError) else repr(error)
            kept = self.handlers.get(slot)
            rest = f"still answers with {kept.name}" if kept else "has no model now"
            _log.error("model_refused: %s The slot %s %s.", reason, slot, rest)
        else:
            self._retry_at.pop(slot, None)
            with self._replacing:
                self.handlers = {**self.handlers, slot: handler}
            _log.warning("model_loaded: %s", handler.name)
        finally:
            # Only now: a new slot is not reported as missing while its first model loads.
            self._seen = {**self._seen, slot: state}

    def _load(self, slot: str) -> Handler:
        """An initialized handler of the current artifact, which has passed its trial if need be."""
        kind = HANDLERS[slot]
        if not kind.is_tried_first:
            return load_current(self.root, slot, self.trust, self.hardware)
        folder = current_artifact(self.root, slot)
        with self._trials.started(folder):
            artifact = load_artifact(folder, slot, self.trust)
            self._trials.check(folder, artifact.digest)
        handler = kind(folder, self.trust, self.hardware)
        handler.use(artifact, tried=True)
        return handler

    def _is_due(self, slot: str, state: object) -> bool:
        is_refused = slot in self._retry_at
        return state != self._seen.get(slot) or (
            is_refused and time.monotonic() > self._retry_at[slot]
        )

    def _is_loaded(self, slot: str) -> bool:
        handler = self.handlers.get(slot)
        current = read_current(self.root / slot).get("digest")
        return handler is not None and handler.artifact.digest == current

    def follow(self, notify: Callable[[dict[str, str]], None]) -> None:
        """Keep refreshing, each slot in a thread of its own, for as long as this process lives.

        One that takes long, or never ends, does not keep the others waiting. `notify` is called
        with `names()` whenever they have changed.
        """
        if self._feed is not None:
            threading.Thread(target=self._feed, name="bucket", daemon=True).start()
        for slot in self.slots:
            threading.Thread(
                target=self._follow, args=(slot, notify), name=f"models-{slot}", daemon=True
            ).start()

    def _follow(self, slot: str, notify: Callable[[dict[str, str]], None]) -> None:
        while True:
            before = self.handlers.get(slot)
            self.refresh_slot(slot)
            if self.handlers.get(slot) is not before:
                notify(self.names())
            time.sleep(LOOK_SECONDS)

    def wait(self, seconds: float) -> None:
        """Wait until each slot with a current artifact was loaded or refused, but not longer."""
        ends, wanted = time.monotonic() + seconds, self._with_artifact()
        while time.monotonic() < ends and not wanted <= self._seen.keys():
            time.sleep(0.02)
        self._late = wanted - self._seen.keys()

    def _with_artifact(self) -> set[str]:
        return {slot for slot in self.slots if self._state(slot) is not None}
