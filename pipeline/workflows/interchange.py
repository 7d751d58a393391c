"""The fast model as a scikit-learn pipeline, for tools that want an estimator.

This program writes such a pipeline and never loads one from a file: it is a pickle, which can run
code. It is written beside the sealed artifacts, never into one, and only after it gave the golden
answers.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cloudpickle
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

import pipeline
from pipeline.artifacts.verification import Artifact, load_artifact
from pipeline.durability import create_folder, write_durably
from pipeline.errors import ArtifactRefused, InvalidInput
from pipeline.handlers.base import to_predictions
from pipeline.handlers.fast import LinearHandler
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.models.feature_settings import SYLLABLE
from pipeline.models.linear import LinearModel
from pipeline.text.cleaning import clean

FOLDER = "interchange"
SKLEARN = "model.sklearn.joblib"


class NgramClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted `LinearModel` with scikit-learn's methods; takes cleaned texts."""

    def __init__(self, model: LinearModel) -> None:
        self.model = model
        self.classes_ = np.array([NEGATIVE, POSITIVE])

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:  # noqa: ARG002
        """Do nothing: the model is fitted already, as in scikit-learn's FrozenEstimator."""
        return self

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Logits, shape (n,)."""
        return self.model.logits(texts)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities of (negative, positive), shape (n, 2)."""
        return self.model.probabilities(texts)

    def predict(self, texts: Sequence[str]) -> NDArray[np.str_]:
        """Labels, shape (n,)."""
        labels: NDArray[np.str_] = self.classes_[self.predict_proba(texts).argmax(axis=1)]
        return labels


def clean_all(texts: Sequence[str]) -> list[str]:
    """Clean each text."""
    return [clean(text) for text in texts]


def write_sklearn(root: Path, digest: str) -> Path:
    """Write a scikit-learn Pipeline that takes texts; return its path.

    It is loaded with `joblib.load`, which needs numpy, scikit-learn and cloudpickle, but not this
    package. It is a pickle that runs code, so load it from trusted sources only. Raises
    ArtifactRefused if its answers differ from the golden ones, InvalidInput for a model that needs
    an analyzer.
    """
    artifact = load_artifact(root / LinearHandler.slot / digest, LinearHandler.slot)
    model = LinearModel.from_parts(artifact.parameters(), artifact.manifest.settings)
    if model.features.tokenizer != SYLLABLE:
        raise InvalidInput(
            f"The analyzer {model.features.tokenizer} cannot be part of a scikit-learn pipeline. "
            "Serialize a run that was trained with --tokenizer syllable."
        )
    steps = [("clean", FunctionTransformer(clean_all)), ("classify", NgramClassifier(model))]
    content = _pickled(Pipeline(steps))
    _check_golden(artifact, content)
    path = root / FOLDER / artifact.digest / SKLEARN
    create_folder(path.parent)
    write_durably(path, gzip.compress(content, 3))
    return path


def _pickled(estimator: object) -> bytes:
    """Pickle with the code of this package inside, so that the file loads without it."""
    cloudpickle.register_pickle_by_value(pipeline)
    try:
        content: bytes = cloudpickle.dumps(estimator)
    finally:
        cloudpickle.unregister_pickle_by_value(pipeline)
    return content


def _check_golden(artifact: Artifact, content: bytes) -> None:
    golden = artifact.manifest.golden
    texts = [expected.text for expected in golden]
    answers = to_predictions(texts, cloudpickle.loads(content).predict_proba(texts))
    tolerance = artifact.manifest.tolerance
    for expected, answer in zip(golden, answers, strict=True):
        if problem := expected.difference(answer.label, answer.confidence, tolerance):
            raise ArtifactRefused(
                f"As a scikit-learn pipeline, {artifact.digest} answers differently ({problem})."
            )
