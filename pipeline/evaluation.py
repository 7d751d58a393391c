"""Measuring a run or the current artifact on labelled reviews."""

from pathlib import Path

import numpy as np

from pipeline.artifacts import parameters_in
from pipeline.datasets import read_reviews
from pipeline.handlers.loading import load_current
from pipeline.linear import LinearModel
from pipeline.metrics import Metrics, measure
from pipeline.runs import find_run, load_run
from pipeline.training.run import measure_model


def evaluate(data: Path, root: Path, run_id: str | None = None) -> Metrics:
    """Figures of the current fast artifact, or of a run, over a labelled file.

    Raises InvalidInput for the data, ModelMissing or ArtifactRefused for the model.
    """
    reviews = read_reviews(data)
    if run_id is not None:
        run, files = load_run(find_run(root, run_id))
        return measure_model(LinearModel.from_parts(parameters_in(files), run.settings), reviews)
    handler = load_current(root, "fast")
    probabilities = handler.inference(handler.preprocess(reviews.texts))
    return measure(np.array(reviews.labels), probabilities[:, 1])
