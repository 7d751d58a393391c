"""Tensors of the Open Inference Protocol: a request's to texts, predictions to an answer's."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from pipeline.handlers.base import Prediction
from pipeline.handlers.unsure import NEVER, hold_back
from pipeline.server.answers import encode_json
from pipeline.server.binary_tensors import pack_floats, pack_texts, split_body, unpack_texts
from pipeline.server.bodies import check_texts
from pipeline.server.inference_schemas import (
    InferParameters,
    InferRequest,
    InputTensor,
    RequestedOutput,
)
from pipeline.server.refusals import RequestRefused
from pipeline.server.schemas import invalid, load_json

# They would change where tensors are or what they hold, so they are not passed over.
_UNKNOWN_EXTENSIONS = {"shared_memory_region", "classification"}
_ALL = [RequestedOutput(name="label"), RequestedOutput(name="confidence")]
_FIELDS = {
    name
    for model in (InferRequest, InferParameters, InputTensor, RequestedOutput)
    for name in model.model_fields
}


def read_request(
    body: bytes, header_length: str | None, most_texts: int
) -> tuple[InferRequest, list[str]]:
    """A request and its texts; raises RequestRefused. `header_length`: see `split_body`."""
    header, binary = split_body(body, header_length)
    try:
        asked = InferRequest.model_validate(load_json(header))
    except ValidationError as error:
        raise invalid(error, _FIELDS) from None
    _check_extensions(asked)
    (tensor,) = asked.inputs
    found = _elements(tensor, binary)
    if tensor.shape not in ([len(found)], [len(found), 1]):
        message = f"The shape must be [n] or [n, 1], and the data n texts; there are {len(found)}."
        raise RequestRefused(422, "bad_shape", message, "inputs[0].shape")
    return asked, check_texts(found, most_texts)


def _check_extensions(asked: InferRequest) -> None:
    parts: list[InputTensor | RequestedOutput] = [*asked.inputs, *asked.outputs]
    for part in parts:
        if found := _UNKNOWN_EXTENSIONS.intersection(part.parameters):
            message = f"This server has no extension for {found.pop()}."
            raise RequestRefused(422, "unknown_extension", message)
    if len({output.name for output in asked.outputs}) < len(asked.outputs):
        raise RequestRefused(422, "duplicate_output", "An output is asked for twice.", "outputs")


def _elements(tensor: InputTensor, binary: bytes) -> Sequence[object]:
    size = tensor.parameters.get("binary_data_size")
    if (size is None) == (tensor.data is None):
        message = "Send either data or the parameter binary_data_size, with bytes behind the JSON."
        raise RequestRefused(422, "bad_data", message, "inputs[0]")
    if (0 if size is None else size) != len(binary):
        message = "binary_data_size is not the number of bytes behind the JSON."
        raise RequestRefused(422, "bad_binary_data", message, "inputs[0].parameters")
    if tensor.data is None:
        return unpack_texts(binary)
    # Data may be nested as the shape says, or flat.
    return [
        one[0] if isinstance(one, list) and len(tensor.shape) == len(one) + 1 == 2 else one
        for one in tensor.data
    ]


def encode_response(
    asked: InferRequest, model: str, predictions: Sequence[Prediction], below: float = NEVER
) -> tuple[bytes, int | None]:
    """The body of the answer, and how much of it is JSON if binary data follow.

    `below`: the confidence under which a text is labelled `unsure`.
    """
    outputs, binaries = [], []
    for output in asked.outputs or _ALL:
        tensor, binary = _tensor(output.name, predictions, below)
        default = asked.parameters.binary_data_output
        if output.parameters.get("binary_data", default) is True:
            del tensor["data"]
            tensor["parameters"] = {"binary_data_size": len(binary)}
            binaries.append(binary)
        outputs.append(tensor)
    identity = {} if asked.id is None else {"id": asked.id}
    header = encode_json({"model_name": model, **identity, "outputs": outputs}).encode()
    return b"".join((header, *binaries)), len(header) if binaries else None


def _tensor(
    name: str, predictions: Sequence[Prediction], below: float
) -> tuple[dict[str, Any], bytes]:
    """An output as JSON and as binary data."""
    tensor = {"name": name, "shape": [len(predictions)]}
    if name == "confidence":
        confidences = [one.confidence for one in predictions]
        return {**tensor, "datatype": "FP64", "data": confidences}, pack_floats(confidences)
    shown = hold_back(predictions, below) if name == "label" else predictions
    labels = [one.label for one in shown]
    return {**tensor, "datatype": "BYTES", "data": labels}, pack_texts(labels)
