"""The engine that runs a network in onnxruntime, without torch or transformers."""

import os

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactRefused, ModelMissing

IDS, OUTPUTS = "ids", "outputs"
"""Names of the network's input, int64 (rows, tokens), and of its output, float32 (rows, 2)."""


class OnnxEngine:
    """Runs a network, given as its ONNX bytes, on the CPU. `threads` None: one per core."""

    def __init__(self, network: bytes, threads: int | None = None) -> None:
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reads this when imported
        try:
            import onnxruntime
        except ImportError:
            raise ModelMissing(
                "The deep model needs onnxruntime: pip install 'sentiment-toolkit[onnx]'."
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        # Threads that wait by spinning would take the processor from other requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                network, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library raises no narrower one
            raise ArtifactRefused(f"The network cannot be loaded: {error}") from None

    def __call__(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Raw outputs (rows, 2) of token ids (rows, tokens)."""
        outputs: NDArray[np.float32] = self._session.run([OUTPUTS], {IDS: ids})[0]
        return outputs
