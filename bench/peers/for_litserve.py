"""The fast model behind LitServe: `python for_litserve.py PORT`."""

import os
import sys
from pathlib import Path

import litserve

from pipeline.handlers.loading import load_current


class Sentiment(litserve.LitAPI):
    """Its protocol is as free as ours: the same body, the same answer."""

    def setup(self, device):  # noqa: ARG002
        """Load the model in each worker."""
        self.handler = load_current(Path(os.environ["SENTIMENT_ARTIFACTS"]), "fast")

    def decode_request(self, request):
        """One text or a list."""
        text = request["text"]
        return [text] if isinstance(text, str) else text

    def predict(self, texts):
        """Label the texts."""
        return self.handler.handle(texts)

    def encode_response(self, answers):
        """By number, as ours."""
        return {str(number): answer._asdict() for number, answer in enumerate(answers)}


if __name__ == "__main__":
    server = litserve.LitServer(Sentiment(), accelerator="cpu", workers_per_device=2)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning"
    )
