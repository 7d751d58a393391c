"""The engine that runs a classifier in torch, on an accelerator where there is one."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelMissing, ResourceUnavailable
from pipeline.models.hardware import ALL, CPU, CUDA, Hardware
from pipeline.models.transformer.ahead import ahead
from pipeline.models.transformer.batches import answer_parts
from pipeline.models.transformer.config_limits import read_settings
from pipeline.models.transformer.devices import find_device, has_bfloat16, tokens_per_batch
from pipeline.models.transformer.onnx_engine import two_outputs
from pipeline.models.transformer.refusing import refusing
from pipeline.models.transformer.tokens import Ids, pad, similar_length_batches

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class TorchEngine:
    """Runs a classifier of transformers where its weights lie.

    The threads are set for torch in the whole process. `in_bfloat16`: matrix products in bfloat16
    on an accelerator that is quick at it; elsewhere the answers are the exact ones.
    """

    def __init__(
        self, module: "PreTrainedModel", hardware: Hardware = ALL, in_bfloat16: bool = False
    ) -> None:
        import torch

        if hardware.threads is not None:
            torch.set_num_threads(hardware.threads)
        self.module = module
        is_quick = has_bfloat16(module.device) or hardware.emulates
        self.in_bfloat16 = in_bfloat16 and is_quick

    @property
    def device(self) -> str:
        """The kind of device that computes."""
        return str(self.module.device.type)

    def __call__(self, parts: Iterable[Ids]) -> NDArray[np.float32]:
        """Raw outputs of the rows of all parts in their order, shape (n, 2)."""
        import torch

        self.module.eval()
        with (
            refusing("The model cannot answer"),
            within_memory("Is another program using it? --device cpu needs none of it."),
            torch.inference_mode(),
            torch.autocast(self.device, torch.bfloat16, enabled=self.in_bfloat16),
        ):
            return answer_parts(parts, self._run) if self.device == CPU else self.stream(parts)

    def _run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        outputs = self.module(input_ids=placed(ids, self.module.device))
        return two_outputs(outputs.logits.float().numpy(), len(ids))

    def stream(self, parts: Iterable[Ids]) -> NDArray[np.float32]:
        """The same on an accelerator, which computes one part while the next is tokenized.

        Nothing waits for an answer until all is handed out.
        """
        import torch

        most = tokens_per_batch(self.module.device)
        places, pending, done = [], [], 0
        for ids in ahead(parts):
            for rows in similar_length_batches(ids, most):
                pending.append(self._hand_out([ids[row] for row in rows]))
                places.append(done + rows)
            done += len(ids)
        outputs = np.empty((done, 2), np.float32)
        if pending:
            outputs[np.concatenate(places)] = two_outputs(torch.cat(pending).cpu().numpy(), done)
        return outputs

    def _hand_out(self, ids: Ids) -> "torch.Tensor":
        filled, mask = pad(ids, self.module.config.pad_token_id or 0)
        device = self.module.device
        outputs: torch.Tensor = self.module(
            input_ids=placed(filled, device), attention_mask=placed(mask, device)
        ).logits
        return outputs.float()


@contextmanager
def within_memory(remedy: str) -> Iterator[None]:
    """Raise ResourceUnavailable, with this remedy, where the memory of an accelerator runs out."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError:
        raise ResourceUnavailable(f"The memory of the GPU ran out. {remedy}") from None


def placed(values: NDArray[np.generic], device: "torch.device") -> "torch.Tensor":
    """The values on a device; the copy waits for nothing that is computed there."""
    import torch

    tensor = torch.from_numpy(values)
    if device.type == CUDA:
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def build_module(config: bytes, weights: bytes, hardware: Hardware = ALL) -> "PreTrainedModel":
    """A classifier from the bytes of config.json and safetensors, neither of which can hold code.

    Raises ArtifactRefused where they do not fit each other, ModelMissing without torch,
    ResourceUnavailable without the device that is meant.
    """
    try:
        import torch
        from safetensors.torch import load
        from transformers import AutoConfig, AutoModelForSequenceClassification
    except ImportError:
        raise ModelMissing(
            "This deep model needs torch: pip install 'sentiment-toolkit[deep]'."
        ) from None
    device = find_device(hardware)
    record = read_settings(config)
    with refusing("The deep model cannot be built"):
        settings = AutoConfig.for_model(record.pop("model_type"), **record)
        module = AutoModelForSequenceClassification.from_config(settings, dtype=torch.float32)
        module.load_state_dict(load(weights))
    found: PreTrainedModel = module.eval().to(device)
    return found


def module_files(module: "PreTrainedModel") -> tuple[bytes, bytes]:
    """The bytes of config.json and safetensors of a classifier, for `build_module`."""
    from safetensors.torch import save

    tensors = {name: tensor.cpu().contiguous() for name, tensor in module.state_dict().items()}
    return json.dumps(module.config.to_dict(), sort_keys=True).encode(), save(tensors)
