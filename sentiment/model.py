"""A loaded model, and loading one."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, overload

from pipeline.errors import InvalidInput
from pipeline.handlers.prediction import Prediction
from sentiment.texts import texts_in

if TYPE_CHECKING:
    from pipeline.handlers.base import Handler
    from pipeline.workflows.explaining import Explanation


class Model:
    """A model that answers texts; `load` makes it.

    Threads may share one: nothing of it changes after it is loaded. A process forked from this one
    should load its own.
    """

    def __init__(self, handler: "Handler") -> None:
        self._handler = handler

    @property
    def name(self) -> str:
        """What answers: "fast" or "deep", "@", and the first 12 digits of its artifact's digest."""
        return self._handler.name

    @property
    def is_builtin(self) -> bool:
        """Whether it is the model that comes with the package, since there was no other."""
        return self._handler.is_builtin

    @overload
    def __call__(self, texts: str) -> Prediction: ...  # type: ignore[overload-overlap]

    @overload
    def __call__(self, texts: Iterable[str]) -> list[Prediction]: ...

    def __call__(self, texts: str | Iterable[str]) -> Prediction | list[Prediction]:
        """The prediction of a text; or those of n texts, in their order.

        Any iterable of `str` will do, such as a Series of pandas or Polars. No text is refused, an
        empty one included. Raises InvalidInput for a value that is no text, such as a missing one.
        """
        if isinstance(texts, str):
            return self._handler.handle([texts])[0]
        return self._handler.handle(texts_in(texts))

    def explain(self, text: str) -> "Explanation":
        """Which n-grams decided the answer to a text, and how much each added to the logit.

        Raises InvalidInput for what is no text, and for a deep model, which has no such parts.
        """
        from pipeline.handlers.fast import LinearHandler
        from pipeline.workflows.explaining import explain

        if not isinstance(self._handler, LinearHandler):
            raise InvalidInput(f"{self.name} cannot explain. Load the fast model for that.")
        if not isinstance(text, str):
            raise InvalidInput(f"Give one text to explain, not a {type(text).__name__}.")
        return explain(self._handler, text)

    def __repr__(self) -> str:
        return f"<sentiment.Model {self.name}{', built in' if self.is_builtin else ''}>"


def load(
    model: str | None = None,
    artifacts: str | os.PathLike[str] = "artifacts",
    *,
    expect_digest: str | None = None,
    require_signature: str | os.PathLike[str] | None = None,
) -> Model:
    """Load a model, verified as every command verifies it.

    `model`: "fast" or "deep"; None: the deep one if there is one, else the fast one. `artifacts`:
    the folder that `sentiment serialize` writes to; where it has no fast model, the built-in one is
    loaded. `expect_digest`: the only artifact to accept, by its digest or at least 8 digits of it.
    `require_signature`: PEM file with the public key that must have signed it.

    Raises ModelMissing where there is no such model, ArtifactRefused where it fails a check.
    """
    if model not in ("fast", "deep", None):
        raise InvalidInput(f"There is no model {model!r}: ask for 'fast' or 'deep'.")
    from pipeline.artifacts.pointer import default_slot
    from pipeline.artifacts.verification import Trust
    from pipeline.handlers.loading import load_current

    root = Path(artifacts)
    key = None if require_signature is None else Path(require_signature)
    return Model(load_current(root, model or default_slot(root), Trust(expect_digest, key)))
