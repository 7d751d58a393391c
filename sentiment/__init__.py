"""Sentiment of Korean reviews, in Python: the only module whose names are promised to stay.

    import sentiment

    model = sentiment.load()  # or load("deep", artifacts="/srv/artifacts")
    model("재밌다")  # Prediction(text='재밌다', label='positive', confidence=0.98…)
    model(["굿", "돈 아깝다"])  # a list of predictions, in order
    model.explain("졸려 죽는 줄").strongest(3)  # [('졸', -2.5…), …]

Importing it loads no library of numbers; `load` does.
"""

from pipeline.errors import (
    ArtifactRefused,
    InvalidInput,
    ModelMissing,
    ResourceUnavailable,
    SentimentError,
)
from pipeline.handlers.prediction import Prediction
from sentiment.model import Model, load

__all__ = [
    "ArtifactRefused",
    "InvalidInput",
    "Model",
    "ModelMissing",
    "Prediction",
    "ResourceUnavailable",
    "SentimentError",
    "load",
]
