"""The fast model behind BentoML: `bentoml serve for_bentoml:Sentiment`."""

import os
from pathlib import Path

import bentoml

from pipeline.handlers.loading import load_current


@bentoml.service(workers=2)
class Sentiment:
    """The same body, the same answer as ours."""

    def __init__(self):
        self.handler = load_current(Path(os.environ["SENTIMENT_ARTIFACTS"]), "fast")

    @bentoml.api
    def predict(self, text: str | list[str], do_fast: bool = True) -> dict:  # noqa: ARG002
        """Label the texts."""
        answers = self.handler.handle([text] if isinstance(text, str) else text)
        return {str(number): answer._asdict() for number, answer in enumerate(answers)}
