"""Exporting a classifier of transformers to a network in ONNX."""

import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from pipeline.artifacts.verification import CONFIG, NETWORK, WEIGHTS
from pipeline.models.hardware import CPU, Hardware
from pipeline.models.transformer.attention import prepare_attention
from pipeline.models.transformer.libraries import needs_extra
from pipeline.models.transformer.onnx_engine import IDS, OUTPUTS
from pipeline.models.transformer.positions import longest_input
from pipeline.models.transformer.torch_engine import build_module

if TYPE_CHECKING:
    import onnx
    from transformers import PreTrainedModel

OPSET = 20


@needs_extra("deep", "onnx", "onnxscript")
def export_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A model's files for the ONNX engine, in fp32, from those for torch."""
    network = export(build_module(files[CONFIG], files[WEIGHTS], Hardware(device=CPU)))
    others = {name: files[name] for name in files if name not in (CONFIG, WEIGHTS)}
    return {**others, NETWORK: network}


@needs_extra("deep", "onnx", "onnxruntime")
def quantize_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A model's files for the ONNX engine with its network in int8, from those in fp32."""
    from pipeline.models.transformer.quantization import quantize

    return {**files, NETWORK: quantize(files[NETWORK])}


def export(module: "PreTrainedModel") -> bytes:
    """The ONNX bytes of a network from ids, int64 (rows, tokens), to outputs, float32 (rows, 2).

    The network has no mask, since only rows of equal length are answered together.
    """
    import torch

    class Outputs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            outputs: torch.Tensor = self.module(input_ids=ids).logits
            return outputs

    prepare_attention(module)
    example = torch.arange(4, 28).reshape(2, 12) % module.config.vocab_size
    tokens = torch.export.Dim("tokens", min=2, max=longest_input(module))
    sizes = {0: torch.export.Dim("rows", min=1), 1: tokens}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Else it warns that torchvision is missing, which is not needed.
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            Outputs().eval(),
            (example,),
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes={"ids": sizes},
            input_names=[IDS],
            output_names=[OUTPUTS],
            verbose=False,
        )
    model = cast("torch.onnx.ONNXProgram", program).model_proto
    _strip(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _strip(model: "onnx.ModelProto") -> None:
    """Drop what depends on where and how it was exported: paths, stack traces, guessed shapes."""
    graph = model.graph
    del graph.value_info[:], model.metadata_props[:], graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
