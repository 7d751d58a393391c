"""The engine that runs a network in onnxruntime, without torch or transformers."""

import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ArtifactRefused, ModelMissing
from pipeline.models.hardware import CPU
from pipeline.models.transformer.batches import answer_parts
from pipeline.models.transformer.refusing import refusing
from pipeline.models.transformer.tokens import Ids

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reads this when imported

IDS, OUTPUTS = "ids", "outputs"
"""Names of the network's input, int64 (rows, tokens), and of its output, float32 (rows, 2)."""


class OnnxEngine:
    """Runs a network, given as its ONNX bytes, on the CPU, with so many threads."""

    device = CPU

    def __init__(self, network: bytes, threads: int) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ModelMissing(
                "The deep model needs onnxruntime: pip install 'sentiment-toolkit[onnx]'."
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Threads that wait by spinning would take the processor from other requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with refusing("The network cannot be loaded"):
            self._session = onnxruntime.InferenceSession(
                network, options, providers=["CPUExecutionProvider"]
            )

    def __call__(self, parts: Iterable[Ids]) -> NDArray[np.float32]:
        """Raw outputs of the rows of all parts in their order, shape (n, 2)."""
        return answer_parts(parts, self._run)

    def _run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        with refusing("The network cannot answer"):
            outputs: NDArray[np.float32] = self._session.run([OUTPUTS], {IDS: ids})[0]
        return two_outputs(outputs, len(ids))


def two_outputs(outputs: object, rows: int) -> NDArray[np.float32]:
    """The outputs; ArtifactRefused unless they are floats of the shape (rows, 2)."""
    if not isinstance(outputs, np.ndarray) or outputs.shape != (rows, 2) or outputs.dtype != "f4":
        raise ArtifactRefused("The network does not give two outputs for each text.")
    return outputs
