"""What a network in ONNX may hold, looked at before anything is built of it.

The library protobuf, on which onnxruntime depends, reads the few fields of onnx.proto that matter;
the library onnx is not needed to serve.
"""

from functools import cache
from typing import Any

from pipeline.errors import ArtifactRefused
from pipeline.models.transformer.refusing import refusing

MOST_NODES = 20_000
"""A BERT of 24 layers has about 1,300."""

DOMAINS = ("", "ai.onnx")
CONTRIBUTED = {"MultiHeadAttention", "MatMulIntegerToFloat"}
"""Of onnxruntime's own operators, those that our export and our quantization write."""

_ANY = "Any"
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Model": {"graph": (7, "Graph"), "functions": (25, _ANY)},
    "Graph": {"node": (1, "Node"), "initializer": (5, "Tensor"), "sparse_initializer": (15, _ANY)},
    "Node": {"op_type": (4, "text"), "attribute": (5, "Attribute"), "domain": (7, "text")},
    "Attribute": {
        "t": (5, "Tensor"),
        "g": (6, _ANY),
        "tensors": (10, "Tensor"),
        "graphs": (11, _ANY),
    },
    "Tensor": {"external_data": (13, _ANY), "data_location": (14, "number")},
    _ANY: {},
}
"""Messages of onnx.proto: names of fields, their numbers and their types. All are read as repeated,
so that none hides behind another one."""


def check_network(network: bytes) -> None:
    """ArtifactRefused for loops, branches, functions, foreign operators or files, or many nodes."""
    with refusing("The network cannot be read"):
        model = _reader().FromString(network)
    if len(model.graph) != 1:
        raise ArtifactRefused("The network cannot be read: it holds no graph, or several.")
    graph = model.graph[0]
    if len(graph.node) > MOST_NODES:
        raise _refused(f"{len(graph.node):,} nodes ({MOST_NODES:,} at most)")
    if model.functions or graph.sparse_initializer:
        raise _refused("functions or sparse tensors")
    _check_tensors(graph.initializer)
    for node in graph.node:
        _check_node(node)


def _check_node(node: Any) -> None:
    operator, domain = (
        b"".join(part).decode(errors="replace") for part in (node.op_type, node.domain)
    )
    if domain not in DOMAINS and not (domain == "com.microsoft" and operator in CONTRIBUTED):
        raise _refused(f"the operator {operator[:40]!r} of {domain[:40]!r}")
    for attribute in node.attribute:
        if attribute.g or attribute.graphs:
            raise _refused(f"a loop or a branch ({operator[:40]!r})")
        _check_tensors([*attribute.t, *attribute.tensors])


def _check_tensors(tensors: Any) -> None:
    if any(tensor.external_data or any(tensor.data_location) for tensor in tensors):
        raise _refused("tensors in other files")


def _refused(what: str) -> ArtifactRefused:
    return ArtifactRefused(
        f"The network holds {what}, which no network that was exported here does. Export it again: "
        "sentiment pull, sentiment serialize."
    )


@cache
def _reader() -> Any:
    """The class of the message `Model`, made of the table above."""
    from google.protobuf import (  # type: ignore[import-untyped]
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    kinds = descriptor_pb2.FieldDescriptorProto
    plain = {"text": kinds.TYPE_BYTES, "number": kinds.TYPE_INT64}
    file = descriptor_pb2.FileDescriptorProto(name="network.proto", package="network")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number, label=kinds.LABEL_REPEATED)
            added.type = plain.get(kind, kinds.TYPE_MESSAGE)
            if kind not in plain:
                added.type_name = f".network.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("network.Model"))
