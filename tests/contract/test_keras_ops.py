"""What every operation of keras.ops must do: give Keras's numbers, dtypes and shapes, have the
gradient that differences show, and be the same eagerly, traced, and as a step of a model.
"""

from __future__ import annotations

import importlib
import json
import warnings
from typing import Any

import keras as reference
import numpy as np
import pytest
from keras.src.backend.common import dtypes as reference_dtypes

import lamina as tf
from lamina import keras
from lamina.backends.llvm.kernels import Unsupported
from lamina.backends.llvm.lowering import Lowering
from lamina.core import nest
from lamina.keras.models import saved_steps
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function
from tests.oracle import keras_ops_lines, keras_ops_networks
from tests.oracle.keras_ops import ROWS, Row


def _numpy_backend() -> list[Any]:
    """Keras's NumPy backend beside the one in force, whose name it would take."""
    in_force = reference.src.backend.numpy
    names = ("numpy", "math", "linalg", "nn", "core")
    modules = [importlib.import_module(f"keras.src.backend.numpy.{name}") for name in names]
    reference.src.backend.numpy = in_force
    return modules


assert keras_ops_lines
assert keras_ops_networks
ON_NUMPY = _numpy_backend()
# NumPy computes functions of 8 bits with 16.
TOLERANCE = {"float64": 1e-11, "float16": 2e-2, "bool": 2e-3, "uint8": 2e-3, "int8": 2e-3}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 bits stay 64 bits, as where Keras runs on TensorFlow."""
    for name in ("int64", "float64"):
        monkeypatch.setitem(reference_dtypes.BIT64_TO_BIT32_DTYPE, name, name)


def operation(name: str) -> Any:
    return getattr(keras.ops, name.partition("[")[0])


def on_numpy(name: str) -> Any:
    """The function of Keras's NumPy backend, which knows 64 bits; None where JAX is asked."""
    if ROWS[name].on_jax:
        return None
    plain = name.partition("[")[0]
    return next((getattr(m, plain) for m in ON_NUMPY if hasattr(m, plain)), None)


def expected(name: str, arguments: Any, keywords: Any) -> Any:
    """What Keras says."""
    function = on_numpy(name) or getattr(reference.ops, name.partition("[")[0])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of lines with nothing but NaN
        return function(*arguments, **keywords)


def as_dtype(item: Any, dtype: str) -> Any:
    """The float64 arrays of a sample in another dtype."""
    if isinstance(item, (list, tuple)):
        return type(item)(as_dtype(part, dtype) for part in item)
    if not isinstance(item, np.ndarray) or item.dtype != np.float64:
        return item
    if dtype.startswith("u"):
        return np.abs(item).astype(dtype)
    return item > 0 if dtype == "bool" else item.astype(dtype)


def tensors(item: Any) -> Any:
    if isinstance(item, (list, tuple)):
        return type(item)(tensors(part) for part in item)
    return tf.constant(item) if isinstance(item, np.ndarray) else item


def leaves(result: Any) -> list[Any]:
    return [np.asarray(leaf) for leaf in nest.flatten(result)]


def assert_same(found: Any, wanted: Any, tolerance: float) -> None:
    left, right = leaves(found), leaves(wanted)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert a.shape == b.shape
        if a.dtype.kind in "iub":
            np.testing.assert_array_equal(a, b)
            continue
        limit = max(tolerance, TOLERANCE.get(a.dtype.name, 2e-5))
        np.testing.assert_allclose(a.astype("f8"), b.astype("f8"), rtol=limit, atol=limit)


CASES = [
    (name, dtype)
    for name, row in ROWS.items()
    for dtype in row.dtypes
    if on_numpy(name) or not dtype.endswith("64")
]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_numbers_shapes_and_dtypes_are_those_of_keras(name: str, dtype: str) -> None:
    row = ROWS[name]
    arguments = as_dtype(row.arguments, dtype)
    keywords = {key: as_dtype(item, dtype) for key, item in row.keywords.items()}
    wanted = expected(name, arguments, keywords)
    found = operation(name)(*tensors(arguments), **keywords)
    assert_same(found, wanted, TOLERANCE.get(dtype, 2e-5))
    for ours, theirs in zip(nest.flatten(found), nest.flatten(wanted), strict=True):
        if isinstance(ours, tf.Tensor):
            theirs_name = np.asarray(theirs).dtype.name
            assert ours.dtype.name == theirs_name


# Pairs of dtypes of operations with two tensors.
PAIRS = [
    *(("int32", "float32"), ("int64", "float32"), ("float32", "float64"), ("float16", "float32")),
    *(("bool", "int32"), ("uint8", "int8"), ("int32", "int64"), ("bool", "float16")),
    *(("int8", "float16"), ("uint8", "int32")),
]


def mixed(row: Row) -> bool:
    given = [a for a in row.arguments if isinstance(a, np.ndarray) and a.dtype == np.float64]
    return len(given) == 2 and set(row.dtypes) >= {"int32", "float32"}


MIXED = [name for name, row in ROWS.items() if mixed(row) and "[" not in name]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("name", MIXED)
def test_two_dtypes_join_as_in_keras(name: str, pair: tuple[str, str]) -> None:
    row = ROWS[name]
    if not set(pair) <= set(row.dtypes):
        pytest.skip("not for these dtypes")
    kinds = iter(pair)
    arguments = tuple(
        as_dtype(a, next(kinds)) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a
        for a in row.arguments
    )
    wanted = expected(name, arguments, row.keywords)
    found = operation(name)(*tensors(arguments), **row.keywords)
    assert [leaf.dtype for leaf in leaves(found)] == [leaf.dtype for leaf in leaves(wanted)]
    assert_same(found, wanted, max(TOLERANCE.get(dtype, 2e-5) for dtype in pair))


# Traced, as a step of a model, for any batch ------------------------------------------------------


def call_with(name: str, row: Row, given: Any) -> Any:
    """The operation with values in place of the arrays of its sample."""
    values = iter(given)
    arguments = nest.map_structure(
        lambda a: next(values) if isinstance(a, np.ndarray) else a, row.arguments
    )
    return operation(name)(*arguments, **row.keywords)


def narrow(row: Row) -> list[Any]:
    arrays = [a for a in nest.flatten(row.arguments) if isinstance(a, np.ndarray)]
    dtype = "float32" if "float32" in row.dtypes else row.dtypes[-1]
    return [as_dtype(array, dtype) for array in arrays]


PYTHON = ("shape", "ndim", "size")  # give no tensors
TRACED = [name for name, row in ROWS.items() if narrow(row) and row.traced and name not in PYTHON]


@pytest.mark.parametrize("name", TRACED)
def test_traced_is_eager(name: str) -> None:
    row = ROWS[name]
    given = [tf.constant(array) for array in narrow(row)]
    eager = call_with(name, row, given)
    traced = tf.function(lambda *tensors: call_with(name, row, tensors))(*given)
    assert_same(traced, eager, 4e-6)


@pytest.mark.parametrize("name", [n for n in TRACED if ROWS[n].batch])
def test_one_trace_serves_every_batch(name: str) -> None:
    row = ROWS[name]
    traced = Function(lambda *tensors: call_with(name, row, tensors), symbolic_batch=True)
    for repeats in (1, 3):
        given = [tf.constant(np.concatenate([array] * repeats)) for array in narrow(row)]
        assert_same(traced(*given), call_with(name, row, given), 4e-6)
    assert traced.trace_count == 1


@pytest.mark.parametrize("name", [n for n in TRACED if ROWS[n].batch])
def test_is_one_step_of_a_model(name: str) -> None:
    row = ROWS[name]
    given = narrow(row)
    inputs = [keras.Input(a.shape[1:], dtype=a.dtype.name) for a in given]
    outputs = nest.flatten(call_with(name, row, inputs))
    steps = {id(output.operation): output.operation for output in outputs}
    assert [step.function for step in steps.values()] == [operation(name)]
    eager = nest.flatten(call_with(name, row, [tf.constant(array) for array in given]))
    for output, result in zip(outputs, eager, strict=True):
        assert output.shape == (None, *result.shape[1:])
        assert output.dtype == result.dtype
    model = keras.Model(inputs, outputs)
    assert_same(model([tf.constant(array) for array in given]), eager, 4e-6)


def written(model: Any) -> Any:
    """The configuration of the one operation in a model, and of the whole, as files have it."""
    config = json.loads(json.dumps(model.get_config()))
    (step,) = (c for c in config["layers"] if c["class_name"] != "InputLayer")
    return step, config


# Keras writes the dtype that it chose in place of None; functions have no names; and Keras itself
# cannot rearrange a batch.
WRITTEN_ALIKE = {
    *("one_hot", "multi_hot", "layer_normalization", "map", "scan", "associative_scan"),
    *("fori_loop", "rearrange"),
}
SETTINGS = {
    name.partition("[")[0]: name
    for name in TRACED
    if ROWS[name].batch and (ROWS[name].keywords or len(ROWS[name].arguments) > 1)
}


@pytest.mark.parametrize("name", [SETTINGS[n] for n in SETTINGS if n not in WRITTEN_ALIKE])
def test_is_written_to_files_as_keras_writes_it(name: str) -> None:
    row = ROWS[name]
    models = []
    for library in (keras, reference):
        library.utils.clear_session()
        inputs = [library.Input(a.shape[1:], dtype=a.dtype.name) for a in narrow(row)]
        values = iter(inputs)
        arguments = nest.map_structure(
            lambda a, values=values: next(values) if isinstance(a, np.ndarray) else a,
            row.arguments,
        )
        function = getattr(library.ops, name.partition("[")[0])
        models.append(library.Model(inputs, function(*arguments, **row.keywords)))
    (ours, _), (theirs, config) = map(written, models)
    assert ours == theirs
    given = [tf.constant(array) for array in narrow(row)]
    assert_same(keras.Model.from_config(config)(given), models[0](given), 1e-6)


def test_every_operation_has_its_class_in_keras() -> None:
    for kind, name in saved_steps.CLASSES.items():
        if name in TRACED:
            module = importlib.import_module(saved_steps.home(name))
            assert hasattr(module, kind), f"{module.__name__} has no {kind}"


# Native code -------------------------------------------------------------------------------------

INTERPRETED = {
    *("gcd", "lcm", "power[integers]", "fori_loop[many]"),
    *("cholesky", "det", "eigh", "inv", "logdet", "lu_factor", "matrix_rank", "pinv", "qr"),
    *("slogdet", "solve", "svd", "norm[matrix 2]", "norm[matrix -2]", "norm[matrix nuc]"),
    "array_split[more]",  # a part without elements
}
"""Rows that run on the interpreter, in part: LAPACK's decompositions, and what is named."""


@pytest.mark.parametrize("name", [n for n in TRACED if ROWS[n].batch])
def test_has_native_code(name: str) -> None:
    row = ROWS[name]
    given = [tf.constant(array) for array in narrow(row)]
    if any(tensor.dtype == "float16" for tensor in given):
        pytest.skip("processors compute in 32 bits")
    traced = Function(lambda *tensors: call_with(name, row, tensors), symbolic_batch=True)
    graph = optimize(traced.program_for(*given).graph)
    if not graph.nodes:
        return
    if {name, name.partition("[")[0]} & INTERPRETED:
        with pytest.raises(Unsupported):
            Lowering(graph, 8, (), None)
    else:
        Lowering(graph, 8, (), None)


# Derivatives --------------------------------------------------------------------------------------

SMOOTH = [name for name, row in ROWS.items() if row.smooth and "float64" in row.dtypes]


def value(name: str, row: Row, given: Any) -> Any:
    """Σ weights × results."""
    generator = np.random.default_rng(7)
    total = tf.constant(0.0, tf.float64)
    for leaf in nest.flatten(call_with(name, row, given)):
        if leaf.dtype == tf.float64:
            total = total + tf.reduce_sum(leaf * generator.uniform(0.5, 1.5, leaf.shape))
    return total


@pytest.mark.parametrize("name", SMOOTH)
def test_gradient_is_what_differences_show(name: str) -> None:
    row = ROWS[name]
    arrays = [a for a in nest.flatten(row.arguments) if isinstance(a, np.ndarray)]
    given = [tf.constant(array) for array in arrays]
    generator = np.random.default_rng(1)
    along = [generator.normal(size=a.shape) if a.dtype == np.float64 else None for a in arrays]
    with tf.GradientTape() as tape:
        tape.watch([tensor for tensor, d in zip(given, along, strict=True) if d is not None])
        total = value(name, row, given)
    gradients = tape.gradient(total, given, unconnected_gradients="zero")
    slope = sum(
        np.sum(np.asarray(g) * d) for g, d in zip(gradients, along, strict=True) if d is not None
    )
    step = 1e-6
    ahead, behind = (
        value(
            name,
            row,
            [
                tf.constant(a if d is None else a + s * d)
                for a, d in zip(arrays, along, strict=True)
            ],
        )
        for s in (step, -step)
    )
    difference = (float(ahead) - float(behind)) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=2e-6, atol=2e-6)


# Completeness -------------------------------------------------------------------------------------


# In tests/unit/keras/test_ops.py and test_keras_ops.py; or modules.
ELSEWHERE = {
    *("cond", "convert_to_numpy", "convert_to_tensor", "custom_gradient", "dtype", "empty"),
    *("empty_like", "is_tensor", "jvp", "linalg", "nn", "numpy", "sparsemax"),
    "vectorize",
}


def test_every_operation_has_a_row() -> None:
    sampled = {name.partition("[")[0] for name in ROWS} | ELSEWHERE
    missing = sorted(set(keras.ops.__all__) - sampled)
    assert not missing, f"without a row in tests/oracle/keras_ops*.py: {', '.join(missing)}"
