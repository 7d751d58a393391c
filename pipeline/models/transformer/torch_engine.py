"""The engine that runs a classifier in torch, on a GPU where there is one."""

import json
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelMissing
from pipeline.models.transformer.config_limits import read_settings
from pipeline.models.transformer.onnx_engine import two_outputs
from pipeline.models.transformer.refusing import refusing

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TorchEngine:
    """Runs a classifier of transformers. `threads` is set for torch in the whole process."""

    def __init__(self, module: "PreTrainedModel", threads: int | None = None) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self.module = module

    def __call__(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Raw outputs (rows, 2) of token ids (rows, tokens)."""
        import torch

        with refusing("The model cannot answer"), torch.inference_mode():
            outputs = self.module.eval()(input_ids=torch.from_numpy(ids).to(self.module.device))
            values = outputs.logits.float().cpu().numpy()
        return two_outputs(values, len(ids))


def build_module(config: bytes, weights: bytes) -> "PreTrainedModel":
    """A classifier from the bytes of config.json and safetensors, neither of which can hold code.

    Raises ArtifactRefused where they do not fit each other, ModelMissing without torch.
    """
    try:
        import torch
        from safetensors.torch import load
        from transformers import AutoConfig, AutoModelForSequenceClassification
    except ImportError:
        raise ModelMissing(
            "This deep model needs torch: pip install 'sentiment-toolkit[deep]'."
        ) from None
    record = read_settings(config)
    with refusing("The deep model cannot be built"):
        settings = AutoConfig.for_model(record.pop("model_type"), **record)
        module = AutoModelForSequenceClassification.from_config(settings, dtype=torch.float32)
        module.load_state_dict(load(weights))
    placed: PreTrainedModel = module.eval().to("cuda" if torch.cuda.is_available() else "cpu")
    return placed


def module_files(module: "PreTrainedModel") -> tuple[bytes, bytes]:
    """The bytes of config.json and safetensors of a classifier, for `build_module`."""
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
    return json.dumps(module.config.to_dict(), sort_keys=True).encode(), save(tensors)
