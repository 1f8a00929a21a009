"""Models in ONNX: nodes, weights, and what reaches beyond the file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from ..core.archives import leads_out
from .architecture import text_of
from .hdf5 import summarized
from .report import MOST_AXES, Inspection, Layer, Weight

_LARGEST = 2**31  # bytes, what a protocol buffer may hold
_USUAL = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
_MOST = 20_000
_INNER = {"t": "tensors", "sparse_tensor": "sparse_tensors", "g": "graphs"}
"""The fields of an attribute in which there is more to look at, for one and for several."""
_FIELDS = {0x08: "ir_version", 0x12: "producer", 0x1A: "producer_version", 0x22: "domain"}
"""By their keys in the file: number and kind (0 a number, 2 a text)."""


def read(path: str, report: Inspection, statistics: bool) -> None:
    """Add the nodes as layers, and the initializers as weights; without onnx, who wrote it."""
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    except ImportError:
        _read_header(path, report)
        return
    if report.size > _LARGEST:
        report.stop("the file", f"{report.size:,} bytes are more than an ONNX file has")
        return
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError, OSError) as error:
        report.stop("the file", f"it is no ONNX, or damaged: {error}")
        return
    _describe(model, report)
    _Walk(model, report, statistics).model()


class _Walk:
    """A way through the graphs of a model, and those in its nodes (branches, bodies of loops)."""

    def __init__(self, model: Any, report: Inspection, statistics: bool) -> None:
        self._model, self._report, self._statistics = model, report, statistics
        self._own = {(function.domain, function.name) for function in model.functions}
        self._left = _MOST

    def model(self) -> None:
        """Add the nodes and weights of the main graph, of functions and of trainings."""
        self._graph(self._model.graph, 0)
        for function in self._model.functions:
            self._nodes(function.node, 1)
        for training in self._model.training_info:
            for graph in (training.initialization, training.algorithm):
                self._graph(graph, 1)
        if self._left < 0:
            self._report.stop("the graph", f"only the first {_MOST:,} nodes and weights are shown")

    def _graph(self, graph: Any, depth: int) -> None:
        self._nodes(graph.node, depth)
        sparse = (part for both in graph.sparse_initializer for part in (both.values, both.indices))
        for tensor in chain(graph.initializer, sparse):
            if self._is_more():
                return
            weight = _weight(tensor, self._report, self._statistics)
            self._report.weights.append(weight)

    def _nodes(self, nodes: Iterable[Any], depth: int) -> None:
        for node in nodes:
            if self._is_more():
                return
            self._report.layers.append(_layer(node, depth))
            if node.domain not in _USUAL and (node.domain, node.op_type) not in self._own:
                why = "a runtime needs a library of the author's for it"
                what = f"operator of {text_of(node.domain)}"
                self._report.add("warning", what, _name(node), why)
            for attribute in node.attribute:
                self._attribute(attribute, depth)

    def _attribute(self, attribute: Any, depth: int) -> None:
        """Numbers of a node are looked at, and not shown: constants are many, and small."""
        for kind, several in _INNER.items():
            alone = [getattr(attribute, kind)] if attribute.HasField(kind) else []
            for inner in chain(alone, getattr(attribute, several)):
                if kind == "g":
                    self._graph(inner, depth + 1)
                else:
                    tensor = inner if kind == "t" else inner.values
                    _weight(tensor, self._report, statistics=False)

    def _is_more(self) -> bool:
        """Whether there is more than is shown; each thing that is shown asks once."""
        self._left -= 1
        return self._left < 0


def _read_header(path: str, report: Inspection) -> None:
    """Add the first fields of the message: they say which version of ONNX, and who wrote it."""
    with open(path, "rb") as file:
        head = file.read(2**12)
    place = 0
    while place + 1 < len(head) and (key := head[place]) in _FIELDS:
        value, place = head[place + 1], place + 2
        if value > 127:  # longer than any version or name is
            break
        if key & 7 == 2:
            report.about[_FIELDS[key]] = text_of(
                head[place : place + value].decode("utf-8", "replace")
            )
            place += value
        else:
            report.about[_FIELDS[key]] = str(value)
    why = 'pip install "lamina[onnx]" to see what is in it'
    report.stop("all but the header", why)


def _describe(model: Any, report: Inspection) -> None:
    about = {
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "model": text_of(model.graph.name),
        "opset": ", ".join(f"{o.domain or 'ai.onnx'} {o.version}" for o in model.opset_import),
        "inputs": ", ".join(map(_value, model.graph.input)),
        "outputs": ", ".join(map(_value, model.graph.output)),
    }
    about |= {text_of(entry.key): text_of(entry.value) for entry in model.metadata_props}
    report.about |= {key: text_of(value) for key, value in about.items() if value}


def _value(value: Any) -> str:
    sizes = [d.dim_param or str(d.dim_value) for d in value.type.tensor_type.shape.dim]
    return f"{value.name} ({', '.join(sizes)})"


def _layer(node: Any, depth: int) -> Layer:
    settings = {text_of(a.name): _attribute(a) for a in islice(node.attribute, 8)}
    return Layer(_name(node), text_of(node.op_type), depth, None, None, settings)


def _name(node: Any) -> str:
    return text_of(node.name or next(iter(node.output), ""))


def _attribute(attribute: Any) -> Any:
    import onnx

    if attribute.type in (onnx.AttributeProto.FLOAT, onnx.AttributeProto.INT):
        return onnx.helper.get_attribute_value(attribute)
    return onnx.AttributeProto.AttributeType.Name(attribute.type).lower()


def _weight(tensor: Any, report: Inspection, statistics: bool) -> Weight:
    import onnx

    shape = tuple(islice(tensor.dims, MOST_AXES))
    name = text_of(tensor.name)
    if len(tensor.dims) > MOST_AXES:
        report.add("danger", "an array of absurd size", name, f"it has {len(tensor.dims):,} axes")
        return Weight(name, shape, "?", tensor.ByteSize())
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError):
        report.stop(name, f"it is of the unknown type {tensor.data_type}")
        return Weight(name, shape, "?", tensor.ByteSize())
    weight = Weight(name, shape, str(dtype), math.prod(shape) * dtype.itemsize)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        for where in [e.value for e in tensor.external_data if e.key == "location"] or ["?"]:
            severity = "danger" if leads_out(where) else "note"
            report.add(
                severity, f"numbers in the file {where[:100]!r}", name, "a reader opens that file"
            )
    elif weight.size > 16 * tensor.ByteSize() + 64 or min(shape, default=0) < 0:
        why = f"its shape {shape} takes {weight.size:,} bytes; there are {tensor.ByteSize():,}"
        report.add("danger", "an array of absurd size", name, why)
    elif statistics and dtype.kind in "fiub":
        try:
            weight.statistics = summarized(iter([onnx.numpy_helper.to_array(tensor)]))
        except (ValueError, TypeError) as error:
            report.stop(name, error)
    return weight
