"""Every primitive, layer and activation as ONNX: onnxruntime gives what `predict` gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core import nest
from lamina.core.errors import UnimplementedError
from lamina.core.strings import encode
from lamina.export.graph import Inference, Port, _without_effects, inference_graph
from lamina.export.onnx import NEWEST_OPSET, OPSET, onnx_model
from lamina.export.onnx.programs import REASONS, RULES
from lamina.ir.graph import Graph, trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.show import show
from lamina.passes.pipeline import optimize
from lamina.prims.text import LookUp, map_text
from tests.contract.test_layers import CASES, _made
from tests.contract.test_lookups import _made as looked_up
from tests.oracle import keras_hashing, keras_lookups
from tests.oracle.keras_activations import ARGUMENTS, POINTS
from tests.oracle.keras_layers import Row, inputs
from tests.oracle.prims import ROWS, _row
from tests.tools.random_graphs import disagreements, random_graph, random_inputs

ort = pytest.importorskip("onnxruntime")

_row(
    "look_up",  # not any function of strings is exported
    lambda x: map_text(LookUp({b"a": 5, b"bc": 7}, -1), x, dtype=np.dtype(np.int64)),
    (np.array([[b"a", b"bc"], [b"", b"a"]], object),),
    lambda x: np.array([[5, 7], [-1, 5]]),
)
LOOKUPS = {**keras_lookups.ROWS, **keras_hashing.ROWS}
SAMPLES = {**{name: ROWS[name] for name in RULES}, "map_text": ROWS.pop("look_up")}
HASHES = ("Hashing", "HashedCrossing")  # ONNX has none


def run(model: Any, arrays: Any) -> list[np.ndarray]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    found = session.run(None, dict(zip(names, map(_text, arrays), strict=True)))
    return [encode(array) if array.dtype == object else array for array in found]


def close(one: np.ndarray, other: np.ndarray, error: float) -> None:
    if one.dtype == object:
        np.testing.assert_array_equal(one, other)
    else:
        np.testing.assert_allclose(one, other, rtol=error, atol=error)


def _text(array: np.ndarray) -> np.ndarray:
    return np.vectorize(bytes.decode, "O")(array) if array.dtype == object else array


def test_every_primitive_has_a_rule_or_a_reason() -> None:
    assert {*RULES, *REASONS} == set(PRIMITIVES)
    assert not set(RULES) & set(REASONS)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_primitive_gives_the_same_numbers(name: str) -> None:
    row = SAMPLES[name]
    values = [tf.constant(array) for array in row.inputs]
    specs = [value.spec for value in values]
    graph, _ = trace_graph(name, lambda *symbols: [row.call(*symbols)], specs)
    given = [Port(f"x{n}", spec) for n, spec in enumerate(specs)]
    ends = [Port(f"y{n}", spec) for n, spec in enumerate(graph.output_specs)]
    inference = Inference(name, graph, tuple(given), tuple(ends), {}, {})
    assert values or name in ("fill", "iota")
    if values:
        assert name in {node.primitive.name for node in graph.nodes}
    arrays = [value.array for value in values]
    for opset in range(OPSET, NEWEST_OPSET + 1, 5):
        found = run(onnx_model(inference, opset), arrays)
        for one, other in zip(found, interpreter(graph)(arrays), strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            close(one, other, 2e-6)


def same_as_predict(model: Any, arrays: list[np.ndarray], opset: int | None = None) -> None:
    """Whether the exported model gives what `predict` gives, for 1, 7 and 32 rows."""
    exported = onnx_model(inference_graph(model), opset)
    for rows in (1, 7, 32):
        some = [np.resize(array, (rows, *array.shape[1:])) for array in arrays]
        expected = nest.flatten(model.predict(some if len(some) > 1 else some[0], verbose=0))
        for one, other in zip(run(exported, some), expected, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            close(one, other, 1e-5)


@pytest.mark.parametrize(("name", "row"), CASES)
def test_a_layer_gives_the_same_numbers(name: str, row: Row) -> None:
    several = isinstance(row.shape, list)
    arrays = inputs(row) if several else [inputs(row)]
    symbols = [keras.Input(array.shape[1:], dtype=array.dtype.name) for array in arrays]
    layer = _made(keras, name, row)
    model = keras.Model(symbols, layer(symbols if several else symbols[0]))
    same_as_predict(model, arrays)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_activation_gives_the_same_numbers(name: str) -> None:
    function = keras.activations.get(name)
    x = keras.Input(POINTS.shape[1:])
    outputs = [
        keras.layers.Lambda(lambda x, a=arguments: function(x, **a))(x)
        for arguments in ARGUMENTS[name]
        if arguments.get("axis", -1) not in (0, None)  # over all rows of a batch
    ]
    same_as_predict(keras.Model(x, outputs), [POINTS])


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_gives_the_same_numbers_or_says_why_not(name: str) -> None:
    row = LOOKUPS[name]
    several = isinstance(row.inputs, tuple)
    arrays = [np.array(x) for x in (row.inputs if several else [row.inputs])]
    if any(array.ndim < 1 for array in arrays):
        pytest.skip("a single value is no batch of a model")
    arrays = [encode(array) if array.dtype.kind in "UO" else array for array in arrays]
    symbols = [
        keras.Input(a.shape[1:], dtype="string" if a.dtype == object else a.dtype.name)
        for a in arrays
    ]
    model = keras.Model(symbols, looked_up(row)(symbols if several else symbols[0]))
    if row.layer in HASHES or row.arguments.get("num_oov_indices", 1) != 1:
        with pytest.raises(UnimplementedError, match="this work on strings"):
            onnx_model(inference_graph(model))
    else:
        same_as_predict(model, arrays)


def _is_exported_whole(graph: Graph) -> bool:
    """Whether ONNX has all primitives, in the precision that NumPy computes in."""
    lost = {*REASONS, "erfc"} - {"attach_gradient", "check", "observe", "stop_gradient"}
    specs = [*graph.input_specs, *(v.spec for node in graph.nodes for v in node.outputs)]
    return not any(spec.dtype == np.float64 for spec in specs) and not any(
        node.primitive.name in lost for node in graph.nodes
    )


@pytest.mark.parametrize("seed", range(0, 400, 20))
def test_random_graphs_give_the_same_numbers(seed: int) -> None:
    graph = next(filter(_is_exported_whole, map(random_graph, range(seed, seed + 100))))
    pure = optimize(_without_effects(graph))
    given = [Port(f"x{n}", spec) for n, spec in enumerate(pure.input_specs)]
    ends = [Port(f"y{n}", spec) for n, spec in enumerate(pure.output_specs)]
    model = onnx_model(Inference("random", pure, tuple(given), tuple(ends), {}, {}))
    for rows in (5, 1, 37):
        arrays = random_inputs(graph, seed, rows)
        assert not disagreements(graph, arrays, rows, run(model, arrays)), show(graph)
