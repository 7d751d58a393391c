"""The fast model behind MLServer, in the protocol it prescribes (Open Inference Protocol v2)."""

import os
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from pipeline.handlers.loading import load_current


class Sentiment(MLModel):
    """Texts in, labels and confidences out; the texts are not sent back."""

    async def load(self) -> bool:
        """Load the model in each worker."""
        self.handler = load_current(Path(os.environ["SENTIMENT_ARTIFACTS"]), "fast")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Label the texts."""
        answers = self.handler.handle(StringCodec.decode_input(payload.inputs[0]))
        labels = StringCodec.encode_output("label", [answer.label for answer in answers])
        confidences = np.array([answer.confidence for answer in answers])
        outputs = [labels, NumpyCodec.encode_output("confidence", confidences)]
        return InferenceResponse(model_name=self.name, outputs=outputs)
