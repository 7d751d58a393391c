"""What a network in ONNX may hold, looked at before anything is built of it.

Of the message's fields, which onnx.proto numbers, a few are read by the library protobuf, on which
onnxruntime depends; the library onnx is not needed to serve.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.errors import ArtifactRefused
from pipeline.models.transformer.refusing import refusing

MOST_NODES = 20_000
"""A BERT of 24 layers has about 1,300."""

DOMAINS = ("", "ai.onnx")
CONTRIBUTED = {"MultiHeadAttention", "MatMulIntegerToFloat"}
"""Of onnxruntime's own operators, those that our export and our quantization write."""

_GRAPH, _FUNCTIONS = 7, 25  # of ModelProto
_NODE, _TENSOR, _SPARSE = 1, 5, 15  # of GraphProto
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7  # of NodeProto
_EXTERNAL, _LOCATION = 13, 14  # of TensorProto
_SUBGRAPHS, _CONSTANTS = {6, 11}, {5, 10}  # of AttributeProto


def check_network(network: bytes) -> None:
    """ArtifactRefused for loops, branches, functions, foreign operators or files, or many nodes."""
    with refusing("The network cannot be read"):
        model = list(_fields(network))
        graphs = [value for number, value in model if number == _GRAPH]
        if len(graphs) != 1:
            raise ArtifactRefused("The network cannot be read: it holds no graph, or several.")
        if any(number == _FUNCTIONS for number, _ in model):
            raise _refused("functions")
        nodes = 0
        for number, value in _fields(graphs[0]):
            if number == _NODE:
                nodes += 1
                _check_node(list(_fields(value)))
            elif number == _SPARSE:
                raise _refused("sparse tensors")
            elif number == _TENSOR:
                _check_tensor(value)
    if nodes > MOST_NODES:
        raise _refused(f"{nodes:,} nodes ({MOST_NODES:,} at most)")


def _check_node(fields: list[tuple[int, Any]]) -> None:
    operator, domain = (
        b"".join(value for number, value in fields if number == wanted).decode()
        for wanted in (_OPERATOR, _DOMAIN)
    )
    if domain not in DOMAINS and not (domain == "com.microsoft" and operator in CONTRIBUTED):
        raise _refused(f"the operator {operator[:40]!r} of {domain[:40]!r}")
    for number, attribute in fields:
        for part, value in _fields(attribute) if number == _ATTRIBUTE else ():
            if part in _SUBGRAPHS:
                raise _refused(f"a loop or a branch ({operator[:40]!r})")
            if part in _CONSTANTS:
                _check_tensor(value)


def _check_tensor(tensor: bytes) -> None:
    if any(number == _EXTERNAL or (number == _LOCATION and v) for number, v in _fields(tensor)):
        raise _refused("tensors in other files")


def _refused(what: str) -> ArtifactRefused:
    return ArtifactRefused(
        f"The network holds {what}, which no network that was exported here does. Export it again: "
        "sentiment pull, sentiment serialize."
    )


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """(Number, value) of each field of a message; a nested message is bytes."""
    from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
    from google.protobuf.unknown_fields import UnknownFieldSet  # type: ignore[import-untyped]

    for field in UnknownFieldSet(Empty.FromString(message)):
        yield field.field_number, field.data
