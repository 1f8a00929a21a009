"""What every public operation must do: agree with NumPy, have the gradient that differences show,
and give the same eagerly, traced, and traced for a batch of any size.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core import nest
from lamina.tensor.function import Function
from tests.oracle import ops, ops_arrays, ops_matrices, ops_names, ops_networks
from tests.oracle.ops import Row

assert ops_arrays
assert ops_matrices
assert ops_names
assert ops_networks
ROWS = ops.ROWS

UNIT = "tests/unit/ops"
REASONS = {
    f"raises, or gives back its argument: {UNIT}/test_debugging.py": """
        Assert assert_equal assert_greater assert_less assert_rank debugging.assert_all_finite
        debugging.assert_greater_equal debugging.assert_integer debugging.assert_less_equal
        debugging.assert_near debugging.assert_negative debugging.assert_non_negative
        debugging.assert_non_positive debugging.assert_none_equal debugging.assert_positive
        debugging.assert_proper_iterable
        debugging.assert_rank_at_least debugging.assert_rank_in
        debugging.assert_same_float_dtype debugging.assert_scalar debugging.assert_shapes
        debugging.assert_type debugging.check_numerics debugging.is_numeric_tensor""",
    f"random: {UNIT}/test_random.py": """
        nn.dropout random.categorical random.experimental_stateless_shuffle random.fold_in
        random.get_global_generator random.normal random.set_global_generator random.set_seed
        random.shuffle random.split random.stateless_categorical random.stateless_normal
        random.stateless_truncated_normal random.stateless_uniform random.truncated_normal
        random.uniform""",
    f"random: {UNIT}/test_distributions.py": """
        random.create_rng_state random.gamma random.poisson random.stateless_binomial
        random.stateless_gamma random.stateless_parameterized_truncated_normal
        random.stateless_poisson""",
    f"about Python, not numbers: {UNIT}/test_interop.py": """
        as_dtype device executing_eagerly function get_static_value group inside_function
        install_as is_tensor no_op numpy_function print py_function
        as_string get_logger type_spec_from_value""",
    f"messages of protocol buffers: {UNIT}/test_summary.py": "make_ndarray make_tensor_proto",
    f"inside of traces: {UNIT}/test_gradients.py": "gradients",
    f"about names and order, not numbers: {UNIT}/test_module.py": """
        control_dependencies get_current_name_scope init_scope is_symbolic_tensor name_scope
        timestamp tuple""",
    f"outside of traces, without gradient: {UNIT}/test_linalg.py": """
        linalg.eigh linalg.eigvalsh linalg.matrix_rank linalg.pinv linalg.qr linalg.slogdet
        linalg.svd""",
    f"gives a shape, or one that depends on values: {UNIT}/test_array.py": """
        broadcast_dynamic_shape broadcast_static_shape unique unique_with_counts""",
}
EXCEPTIONS = {name: reason for reason, names in REASONS.items() for name in names.split()}
SPACES = ("", "math.", "nn.", "linalg.", "random.", "bitwise.", "debugging.", "dtypes.")


def _public() -> Iterator[str]:
    """The first name of each public operation."""
    seen = set()
    for prefix in SPACES:
        space = ops.operation(prefix[:-1]) if prefix else tf
        for name in space.__all__:
            found = getattr(space, name)
            if isinstance(found, types.FunctionType) and found not in seen:
                seen.add(found)
                yield prefix + name


def test_every_operation_has_a_row_or_a_reason() -> None:
    sampled = {ops.operation(name.partition("[")[0]) for name in ROWS}
    excused = {ops.operation(name) for name in EXCEPTIONS}
    missing = [n for n in _public() if ops.operation(n) not in sampled | excused]
    assert not missing, f"without a row in tests/oracle/ops*.py: {', '.join(missing)}"
    assert not sampled & excused


def _tensors(row: Row) -> list[Any]:
    return [tf.constant(array) for array in row.inputs]


def _leaves(result: Any) -> list[Any]:
    return [np.asarray(leaf) for leaf in nest.flatten(result)]


def _assert_same(found: Any, expected: Any, tolerance: float) -> None:
    left, right = _leaves(found), _leaves(expected)
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert (a.shape, a.dtype.kind) == (b.shape, b.dtype.kind)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


rows = pytest.mark.parametrize("name", ROWS)
smooth_rows = pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.smooth])
batch_rows = pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.batch])


@rows
def test_agrees_with_numpy(name: str) -> None:
    row = ROWS[name]
    with np.errstate(all="ignore"):
        expected = row.reference(*row.inputs)
    _assert_same(row.call(*_tensors(row)), expected, row.tolerance)


@rows
def test_traced_is_eager(name: str) -> None:
    row = ROWS[name]
    eager = row.call(*_tensors(row))
    _assert_same(tf.function(row.call)(*_tensors(row)), eager, 1e-14)


@batch_rows
def test_one_trace_serves_every_batch(name: str) -> None:
    row = ROWS[name]

    def call(*batched: Any) -> Any:
        arguments = _tensors(row)
        for place, tensor in zip(row.batch, batched, strict=True):
            arguments[place] = tensor
        return row.call(*arguments)

    traced = Function(call, symbolic_batch=True)
    for repeats in (1, 2):
        batched = [tf.constant(np.concatenate([row.inputs[i]] * repeats)) for i in row.batch]
        _assert_same(traced(*batched), call(*batched), 1e-14)
    assert traced.trace_count == 1
    header = traced.show().splitlines()[0]  # "call(%0: float64[B, 3], …):"
    assert header.count("[B") == header.count("%") >= len(row.batch)


# Derivatives --------------------------------------------------------------------------------------


def _directions(row: Row, seed: int) -> list[Any]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=np.shape(row.inputs[i])) for i in row.smooth]


def _value(row: Row, varying: list[Any]) -> Any:
    """Σ weights × results at the inputs `varying`."""
    arguments = _tensors(row)
    for place, tensor in zip(row.smooth, varying, strict=True):
        arguments[place] = tensor
    generator = np.random.default_rng(7)
    total = tf.constant(0.0, tf.float64)
    for leaf in nest.flatten(row.call(*arguments)):
        if leaf.dtype == tf.float64:
            total = total + tf.reduce_sum(leaf * generator.uniform(0.5, 1.5, leaf.shape))
    return total


def _moved(row: Row, directions: list[Any], step: float) -> list[Any]:
    arrays = [row.inputs[i] for i in row.smooth]
    return [tf.constant(array + step * d) for array, d in zip(arrays, directions, strict=True)]


STEP = 1e-5


def _slope(row: Row, varying: list[Any], directions: list[Any]) -> Any:
    """The derivative of the value along `directions`, by a tape."""
    with tf.GradientTape() as tape:
        tape.watch(varying)
        value = _value(row, varying)
    gradients = tape.gradient(value, varying, unconnected_gradients="zero")
    return tf.add_n([tf.reduce_sum(g * d) for g, d in zip(gradients, directions, strict=True)])


@smooth_rows
def test_gradient_is_what_differences_show(name: str) -> None:
    row = ROWS[name]
    along = _directions(row, 1)
    with tf.GradientTape() as tape:  # the outer tape gives the second derivative
        varying = [tf.constant(row.inputs[i]) for i in row.smooth]
        tape.watch(varying)
        slope = _slope(row, varying, along)
    ahead, behind = (_moved(row, along, step) for step in (STEP, -STEP))
    difference = (_value(row, ahead) - _value(row, behind)) / (2 * STEP)
    np.testing.assert_allclose(slope, difference, rtol=2e-6, atol=2e-7)

    second = tape.gradient(slope, varying, unconnected_gradients="zero")
    across = _directions(row, 2)
    curvature = sum(np.sum(g * d) for g, d in zip(second, across, strict=True))
    ahead, behind = (_moved(row, across, step) for step in (STEP, -STEP))
    difference = (_slope(row, ahead, along) - _slope(row, behind, along)) / (2 * STEP)
    np.testing.assert_allclose(curvature, difference, rtol=2e-6, atol=2e-6)


@smooth_rows
def test_gradient_in_a_traced_function_is_the_eager_one(name: str) -> None:
    row = ROWS[name]
    along = _directions(row, 1)
    varying = [tf.constant(row.inputs[i]) for i in row.smooth]

    @tf.function
    def inside(*tensors: Any) -> Any:
        return _slope(row, list(tensors), along)

    @tf.function
    def forward(*tensors: Any) -> Any:
        return _value(row, list(tensors))

    expected = _slope(row, varying, along)
    np.testing.assert_allclose(inside(*varying), expected, rtol=1e-12, atol=1e-13)
    with tf.GradientTape() as tape:
        tape.watch(varying)
        value = forward(*varying)
    gradients = tape.gradient(value, varying, unconnected_gradients="zero")
    outside = sum(np.sum(g * d) for g, d in zip(gradients, along, strict=True))
    np.testing.assert_allclose(outside, expected, rtol=1e-12, atol=1e-13)
