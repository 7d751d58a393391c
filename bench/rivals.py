"""Fitting what the fast model is compared with, once: the fitted models are kept in a folder.

Both get cleaned reviews, for fitting and for scoring, so only our time includes cleaning.
"""

import hashlib
import importlib.util
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common import Corpus
from sides import FASTTEXT, SKLEARN

from pipeline.reviews.labelled import Reviews
from pipeline.text.cleaning import clean

TFIDF = {"analyzer": "char", "ngram_range": (1, 4), "sublinear_tf": True}
"""The n-gram orders that the fast model has on the text as it is."""

REGRESSION = {"C": 8.0, "solver": "liblinear", "dual": True, "max_iter": 12, "random_state": 0}
"""The solver of the fast model; more passes leave the accuracy as it is."""

SUPERVISED = {"dim": 16, "epoch": 5, "lr": 0.1, "wordNgrams": 2, "minn": 1, "maxn": 4, "seed": 0}
"""The best on the last 15,000 training reviews of: dim 16 or 50, wordNgrams 1 or 2, maxn 3 or 4,
lr 0.1 or 0.25. `minCount` and `bucket` are fastText's defaults."""


def fitted_rivals(corpus: Corpus, folder: Path) -> dict[str, Path]:
    """Paths of the fitted models by name; fastText only where it is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"tfidf": TFIDF, "regression": REGRESSION}
    paths = {SKLEARN: _kept(SKLEARN, "scikit-learn", settings, fit_sklearn, corpus, folder)}
    if importlib.util.find_spec("fasttext") is None:
        print(f"{FASTTEXT} is not installed and left out; `make bench` installs it.", flush=True)
        return paths
    kept = _kept(FASTTEXT, "fasttext-numpy2", SUPERVISED, fit_fasttext, corpus, folder)
    return {**paths, FASTTEXT: kept}


def _kept(
    name: str,
    distribution: str,
    settings: dict[str, Any],
    fit: Callable[[Reviews, Path], None],
    corpus: Corpus,
    folder: Path,
) -> Path:
    """Where the model is kept; fitted now unless the same was fitted before on the same reviews."""
    facts = repr((settings, version(distribution), corpus.train.sha256))
    path = folder / f"{name}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"
    if not path.is_file():
        print(f"Fitting {name} into {path} ...", file=sys.stderr, flush=True)
        part = path.with_suffix(".part")
        fit(corpus.train, part)
        part.rename(path)
    return path


def fit_sklearn(reviews: Reviews, path: Path) -> None:
    """Fit on all reviews with the full vocabulary."""
    import joblib
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(TfidfVectorizer(**TFIDF), LogisticRegression(**REGRESSION))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        joblib.dump(pipeline.fit(cleaned(reviews), reviews.labels), path)


def fit_fasttext(reviews: Reviews, path: Path) -> None:
    """Fit by way of the file of labelled lines that fastText wants."""
    import fasttext

    lines = zip(reviews.labels, cleaned(reviews), strict=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        file.write_text("".join(f"__label__{label} {text}\n" for label, text in lines))
        model = fasttext.train_supervised(str(file), thread=1, verbose=0, **SUPERVISED)
    model.save_model(str(path))


def cleaned(reviews: Reviews) -> list[str]:
    """The reviews as the fast model sees them, without line breaks, which fastText refuses."""
    return [clean(text) for text in reviews.texts]
