"""Models as ONNX: a graph that many runtimes read, checked when it is written."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError, UnimplementedError
from ...core.files import FilePath, write_bytes
from ...core.packages import needed
from ..graph import Inference
from .programs import write_nodes
from .writer import Writer

OPSET, NEWEST_OPSET = 18, 23
"""The version of the operators: every runtime since 2023 reads the first."""
_OPSET_OF_TABLES = 3  # of ai.onnx.ml
_LARGEST = 2**31 - 1  # bytes of a file in the format of protocol buffers


def write_onnx(inference: Inference, path: FilePath, *, opset_version: int | None = None) -> None:
    """Write `inference` as an ONNX model: its batch is named "rows", its weights by their paths.

    `opset_version`: 18 (the default) to 23. Checks are left out; a look-up at a negative place
    counts from the end, as ONNX has it, instead of failing. MissingPackageError without onnx.
    """
    write_bytes(path, onnx_model(inference, opset_version).SerializeToString())


def onnx_model(inference: Inference, opset_version: int | None = None) -> Any:
    """The checked `onnx.ModelProto`."""
    onnx = _package()
    opset = OPSET if opset_version is None else opset_version
    newest = min(NEWEST_OPSET, onnx.defs.onnx_opset_version())
    if opset not in range(OPSET, newest + 1):
        raise InvalidArgumentError(
            f"opset_version is {OPSET} to {newest} with onnx {onnx.__version__}; got "
            f"{opset_version!r}"
        )
    size = _bytes_of_constants(inference)
    if size > _LARGEST:
        raise UnimplementedError(
            f"{inference.name!r} has constants of {size:,} bytes; an ONNX file has room for "
            f"{_LARGEST:,}. Save the weights apart: save_weights('name.safetensors')"
        )
    writer = Writer(inference)
    names = write_nodes(writer, inference.graph)
    outputs = []
    for port, name in zip(inference.outputs, names, strict=True):
        writer.end(name, port.name)
        outputs.append(writer.information(port.name, port.spec))
    inputs = [writer.information(*port) for port in inference.inputs]
    graph = writer.graph(inference.name, writer.nodes, inputs, outputs, own=True)
    opsets = [
        onnx.helper.make_opsetid(domain, _OPSET_OF_TABLES if domain else opset)
        for domain in sorted(writer.domains)
    ]
    model = onnx.helper.make_model(
        graph,
        producer_name="lamina",
        opset_imports=opsets,
        ir_version=onnx.helper.find_min_ir_version_for(opsets),
        doc_string=f"The inference of {inference.name}.",
    )
    onnx.helper.set_model_props(model, inference.metadata)
    onnx.checker.check_model(model, full_check=True)
    return model


def _bytes_of_constants(inference: Inference) -> int:
    arrays = {
        id(value.array): value.array
        for node in inference.graph.nodes
        for value in node.inputs
        if value.array is not None
    }
    return sum(array.nbytes for array in arrays.values())


def _package() -> Any:
    with needed("exports to ONNX", "onnx", 'export C: model.export("model.c")', extra="onnx"):
        import onnx
    return onnx
