"""The fast model as a scikit-learn pipeline. This program never loads one.

It is for tools that want an estimator. It is written beside the sealed artifacts, never into one,
and only after it gave the golden answers.
"""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

import pipeline
from pipeline.artifacts import Artifact, load_artifact
from pipeline.errors import ArtifactRefused
from pipeline.features import FeatureSettings
from pipeline.handlers.linear import LinearHandler
from pipeline.labels import NEGATIVE, POSITIVE
from pipeline.linear import LinearModel, root_lengths
from pipeline.manifest import GoldenAnswer
from pipeline.text import clean
from pipeline.training.counts import chunk_counts

FOLDER = "interchange"
SKLEARN = "model.sklearn.joblib"


def write_sklearn(root: Path, digest: str) -> Path:
    """Write a scikit-learn Pipeline that takes texts and loads without this package; its path.

    Where it is loaded, with `joblib.load`, it needs scikit-learn and cloudpickle. It is a pickle
    that runs code: load it from where you trust. Raises ArtifactRefused if its answers differ from
    the golden ones.
    """
    artifact = load_artifact(root / LinearHandler.slot / digest, LinearHandler.slot)
    model = LinearModel.from_parts(artifact.parameters(), artifact.manifest.settings)
    estimator = _sklearn_pipeline(model)
    _check_golden(artifact, estimator.predict_proba)
    path = root / FOLDER / artifact.digest / SKLEARN
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb", compresslevel=3) as file:
        file.write(_pickled(estimator))
    return path


def _sklearn_pipeline(model: LinearModel) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    classifier = LogisticRegression(solver="liblinear")
    classifier.classes_ = np.array([NEGATIVE, POSITIVE])
    classifier.coef_ = model.weights[None, :].astype(np.float32)
    classifier.intercept_ = np.array([model.intercept])
    classifier.n_features_in_ = model.weights.size
    settings = {"settings": model.features, "scale": model.scale}
    return Pipeline(
        [
            ("ngrams", FunctionTransformer(scaled_counts, kw_args=settings)),
            ("regression", classifier),
        ]
    )


def scaled_counts(
    texts: Sequence[str], settings: FeatureSettings, scale: float
) -> sparse.csr_matrix:
    """n-gram counts of texts times scale ÷ √length, shape (n, buckets)."""
    cleaned = [clean(text) for text in texts]
    factors = scale / root_lengths(cleaned)
    matrix = chunk_counts(cleaned, settings).astype(np.float64)
    return sparse.diags(factors) @ matrix


def _pickled(estimator: object) -> bytes:
    """Pickle with the code of this package inside, so that the file loads without it."""
    cloudpickle.register_pickle_by_value(pipeline)
    try:
        content: bytes = cloudpickle.dumps(estimator)
    finally:
        cloudpickle.unregister_pickle_by_value(pipeline)
    return content


def _check_golden(
    artifact: Artifact, predict_proba: Callable[[list[str]], NDArray[np.float64]]
) -> None:
    golden: tuple[GoldenAnswer, ...] = artifact.manifest.golden
    positive = predict_proba([answer.text for answer in golden])[:, 1]
    expected = np.array([a.confidence if a.label == POSITIVE else 1 - a.confidence for a in golden])
    if not np.abs(positive - expected).max() <= artifact.manifest.tolerance:
        raise ArtifactRefused(f"The scikit-learn form of {artifact.digest} answers otherwise.")
