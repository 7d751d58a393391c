"""An int8 form of an ONNX network in which no text's answer depends on its neighbours.

onnxruntime's dynamic quantization scales a whole tensor by its largest number, which may belong to
another text. Here each token's vector has its own scale (as in LLM.int8(), Dettmers et al. 2022,
section 2.1), and so has each output column of a weight. The products are sums of integers, which
are exact in any order and in any batch.

Weights have 7 bits: two products of 8 bits by 8 can overflow the 16 bits in which AVX2 adds them.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

LARGEST_WEIGHT = 63
_CONTRIB = "com.microsoft"
_SMALLEST_GELU = 0.17
"""Added to Gelu's outputs, whose smallest is −0.16997, so that they use the whole range 0–255."""


def quantize(network: bytes) -> bytes:
    """The network, as ONNX bytes, with each product by a constant matrix in 8-bit integers."""
    model = onnx.load_from_string(network)
    rewritten = _Quantizer(model).nodes()
    del model.graph.node[:]
    model.graph.node.extend(rewritten)
    _drop_unused_constants(model.graph)
    if _CONTRIB not in [opset.domain for opset in model.opset_import]:
        model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Quantizer:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._gelus = {node.output[0] for node in model.graph.node if node.op_type == "Gelu"}
        self._rows: dict[str, tuple[str, str]] = {}

    def nodes(self) -> list[NodeProto]:
        """The network's nodes, rewritten."""
        return [new for node in list(self._graph.node) for new in self._rewrite(node)]

    def _rewrite(self, node: NodeProto) -> Iterator[NodeProto]:
        matrix = self._constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if matrix is None or len(matrix.dims) != 2:
            yield node
            return
        source, name = node.input[0], node.output[0]
        is_gelu = source in self._gelus
        if source not in self._rows:
            yield from self._quantize_rows(source, is_gelu)
        integers, size = self._rows[source]
        weights, steps, shift = _quantize_columns(numpy_helper.to_array(matrix))
        inputs = [
            integers,
            self._constant(f"{name}/weights", weights),
            self._constant("one", np.float32(1)),
            self._constant(f"{name}/steps", steps * _step(is_gelu)),
            self._constant(*_zero_point(is_gelu)),
        ]
        product = f"{name}/product"
        yield helper.make_node("MatMulIntegerToFloat", inputs, [product], domain=_CONTRIB)
        yield helper.make_node("Mul", [product, size], [f"{name}/scaled" if is_gelu else name])
        if is_gelu:
            back = self._constant(f"{name}/shift", np.float32(-_SMALLEST_GELU) * shift)
            yield helper.make_node("Add", [f"{name}/scaled", back], [name])

    def _quantize_rows(self, source: str, is_gelu: bool) -> Iterator[NodeProto]:
        """Nodes that compute a tensor's integers, uint8, and each row's largest number, (…, 1)."""
        integers, size = f"{source}/integers", f"{source}/size"
        self._rows[source] = integers, size
        tiny = self._constant("tiny", np.float32(1e-9))
        axis = self._constant("last_axis", np.array([-1]))
        sizes, shifted = f"{source}/sizes", source
        if is_gelu:
            shift = self._constant("gelu", np.float32(_SMALLEST_GELU))
            shifted = sizes
            yield helper.make_node("Add", [source, shift], [sizes])
        else:
            yield helper.make_node("Abs", [source], [sizes])
        largest, shares = f"{source}/largest", f"{source}/shares"
        yield helper.make_node("ReduceMax", [sizes, axis], [largest], keepdims=1)
        yield helper.make_node("Max", [largest, tiny], [size])
        yield helper.make_node("Div", [shifted, size], [shares])
        step = self._constant(f"step_{'gelu' if is_gelu else 'other'}", _step(is_gelu))
        zero = self._constant(*_zero_point(is_gelu))
        yield helper.make_node("QuantizeLinear", [shares, step, zero], [integers])

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        name = f"int8/{name}"
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.asarray(value), name)
            self._graph.initializer.append(self._constants[name])
        return name


def _zero_point(is_gelu: bool) -> tuple[str, np.uint8]:
    return ("zero", np.uint8(0)) if is_gelu else ("middle", np.uint8(128))


def _step(is_gelu: bool) -> np.float32:
    """The size of one step, as a share of the largest number."""
    return np.float32(1) / np.float32(255 if is_gelu else 127)


def _quantize_columns(
    matrix: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.float32]]:
    """A matrix (inputs, outputs) as integers, each column's step size, and each column's sum."""
    steps = np.maximum(np.abs(matrix).max(axis=0), 1e-12).astype(np.float32) / LARGEST_WEIGHT
    integers = np.rint(matrix / steps).astype(np.int8)
    sums = integers.sum(axis=0, dtype=np.int32).astype(np.float32) * steps
    return integers, steps, sums


def _drop_unused_constants(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept: Iterable[TensorProto] = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
