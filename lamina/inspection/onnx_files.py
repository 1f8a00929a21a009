"""Models in ONNX: nodes, weights, and what reaches beyond the file."""

from __future__ import annotations

import math
from typing import Any

from .architecture import text_of
from .hdf5 import summarized
from .report import Inspection, Layer, Weight

_LARGEST = 2**31  # bytes, what a protocol buffer may hold
_USUAL = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
_MOST = 20_000
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
    graph = model.graph
    for node in list(graph.node)[:_MOST]:
        report.layers.append(_layer(node))
        if node.domain not in _USUAL:
            why = "a runtime needs a library of the author's for it"
            report.add("warning", f"operator of {text_of(node.domain)}", text_of(node.name), why)
    for tensor in list(graph.initializer)[:_MOST]:
        report.weights.append(_weight(tensor, report, statistics))


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


def _layer(node: Any) -> Layer:
    settings = {text_of(a.name): _attribute(a) for a in list(node.attribute)[:8]}
    name = node.name or next(iter(node.output), "")
    return Layer(text_of(name), text_of(node.op_type), 0, None, None, settings)


def _attribute(attribute: Any) -> Any:
    import onnx

    if attribute.type in (onnx.AttributeProto.FLOAT, onnx.AttributeProto.INT):
        return onnx.helper.get_attribute_value(attribute)
    return onnx.AttributeProto.AttributeType.Name(attribute.type).lower()


def _weight(tensor: Any, report: Inspection, statistics: bool) -> Weight:
    import onnx

    shape = tuple(int(size) for size in tensor.dims)
    name = text_of(tensor.name)
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError):
        report.stop(name, f"it is of the unknown type {tensor.data_type}")
        return Weight(name, shape, "?", tensor.ByteSize())
    weight = Weight(name, shape, str(dtype), math.prod(shape) * dtype.itemsize)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        where = next((e.value for e in tensor.external_data if e.key == "location"), "?")
        outside = where.startswith(("/", "\\")) or ".." in where.replace("\\", "/").split("/")
        why = "a reader opens that file"
        severity = "danger" if outside or ":" in where else "note"
        report.add(severity, f"numbers in the file {where[:100]!r}", name, why)
    elif weight.size > 16 * tensor.ByteSize() + 64:
        why = f"it claims {weight.size:,} bytes; there are {tensor.ByteSize():,}"
        report.add("danger", "an array of absurd size", name, why)
    elif statistics and dtype.kind in "fiub":
        try:
            weight.statistics = summarized(iter([onnx.numpy_helper.to_array(tensor)]))
        except (ValueError, TypeError) as error:
            report.stop(name, error)
    return weight
