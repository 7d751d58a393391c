"""Checkpoints, from which a training continues after it was stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from pipeline.durability import create_folder, discard, replacing, sync, unfinished
from pipeline.errors import InvalidInput, ModelMissing

SECONDS_BETWEEN = 600.0


@dataclass
class Checkpoints:
    """The one checkpoint of an unfinished training, replaced every ten minutes.

    `identity` says what is being trained; a checkpoint with another identity is refused.
    """

    path: Path
    identity: dict[str, Any]
    seconds_between: float = SECONDS_BETWEEN

    def __post_init__(self) -> None:
        self._saved_at = time.monotonic()

    def load(self) -> dict[str, Any]:
        """The state last saved.

        Raises ModelMissing if none was, InvalidInput if it is damaged or of another training.
        """
        import torch

        if not self.path.exists():
            raise ModelMissing(f"No unfinished training at {self.path}. Start without --resume.")
        try:
            if not self.path.is_file() or self.path.is_symlink():  # a pipe would be waited for
                raise ValueError
            state: dict[str, Any] = torch.load(self.path, weights_only=True, map_location="cpu")
            state["identity"].keys()
        except (
            OSError,
            EOFError,
            ValueError,
            RuntimeError,
            LookupError,
            TypeError,
            AttributeError,
            UnpicklingError,
        ):
            raise InvalidInput(
                f"The unfinished training at {self.path} is damaged. Start without --resume."
            ) from None
        different = [
            key for key, value in self.identity.items() if state["identity"].get(key) != value
        ]
        if different:
            raise InvalidInput(
                f"The unfinished training at {self.path} is another one: its "
                f"{' and '.join(different)} differ. Start without --resume."
            )
        return state

    def save_if_due(self, state: Callable[[], dict[str, Any]]) -> None:
        """Save the state if the last checkpoint is old enough."""
        if time.monotonic() - self._saved_at >= self.seconds_between:
            self.save(state())

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; a crash leaves the old one intact."""
        import torch

        create_folder(self.path.parent)
        discard(unfinished(self.path))  # whatever it is: no training should end over it
        with replacing(self.path) as file:
            torch.save({**state, "identity": self.identity}, file)
        self._saved_at = time.monotonic()

    def remove(self) -> None:
        """Remove the checkpoint: only once the run that came of it is on the disk."""
        unfinished(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        if self.path.parent.is_dir():
            sync(self.path.parent)
