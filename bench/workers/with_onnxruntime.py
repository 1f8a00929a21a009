"""ONNX Runtime: predictions of the network, written as an ONNX model."""

from __future__ import annotations

from typing import Any

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench.cases import Array, Case
from bench.workers.common import Call, Worker, main

OPERATORS = {"relu": "Relu", "sigmoid": "Sigmoid", "softmax": "Softmax", "linear": "Identity"}


class OnnxRuntime(Worker):
    """A session of its own settings, but for the number of threads."""

    def build(self, case: Case) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        self.session = onnxruntime.InferenceSession(
            _model(case), options, providers=["CPUExecutionProvider"]
        )

    def calls(self) -> dict[str, Call]:
        run = self.session.run

        def call(x: Array) -> Any:
            return run(None, {"x": x})[0]

        return {"run": call}

    def versions(self) -> dict[str, str]:
        return {"ONNX Runtime": onnxruntime.__version__}


def _model(case: Case) -> bytes:
    values, nodes, numbers, name = case.weights(), [], [], "x"
    for number, layer in enumerate(case.layers):
        weights, bias, product, output = (f"{part}{number}" for part in "wbzy")
        numbers.append(numpy_helper.from_array(values[2 * number], weights))
        numbers.append(numpy_helper.from_array(values[2 * number + 1], bias))
        nodes.append(helper.make_node("Gemm", [name, weights, bias], [product]))
        nodes.append(helper.make_node(OPERATORS[layer.activation], [product], [output]))
        name = output
    rows = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", case.features])
    last = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", case.layers[-1].units])
    graph = helper.make_graph(nodes, case.name, [rows], [last], numbers)
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    main(OnnxRuntime)
