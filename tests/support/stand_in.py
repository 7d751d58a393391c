"""A deep model for tests of the server: real inference, refused for one text; run as a server too.

`python -m tests.support.stand_in serve …` is `sentiment serve …` with it in the slot `deep`.
"""

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli.main import main
from pipeline.artifacts.verification import load_artifact
from pipeline.errors import ResourceUnavailable
from pipeline.handlers.fast import LinearHandler
from pipeline.handlers.loading import HANDLERS

POISON = "이 글은 모델을 망가뜨린다"
CONTRARY = "두 모델이 다르게 본다"
"""What begins so is labelled other than by the fast model."""


class StandIn(LinearHandler):
    """The fast model in the slot `deep`; `gate` holds it up where a test wants that."""

    slot = "deep"

    @classmethod
    def survives_fork(cls, _: Mapping[str, Any]) -> bool:
        return False

    def initialize(self) -> None:
        self.artifact = load_artifact(self.folder, "fast", self.trust)
        self.load_model(self.artifact)
        self.unavailable = False
        self.gate = threading.Event()
        self.gate.set()
        self.begun: list[list[str]] = []
        self.batches: list[list[str]] = []

    def inference(self, cleaned: Sequence[str]) -> NDArray[np.float64]:
        self.begun.append(list(cleaned))
        self.gate.wait(30)
        self.batches.append(list(cleaned))
        if self.unavailable:
            raise ResourceUnavailable("A disk is gone.")
        if POISON in cleaned:
            raise FloatingPointError(POISON)
        answers = super().inference(cleaned)
        turned = [text.startswith(CONTRARY) for text in cleaned]
        answers[turned] = answers[turned][:, ::-1]
        return answers


if __name__ == "__main__":
    HANDLERS["deep"] = StandIn
    main(sys.argv[1:])
