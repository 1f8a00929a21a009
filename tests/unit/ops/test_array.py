"""Making, moving and reading tensors against NumPy on random shapes; edges and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import lamina as tf
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError, OutOfRangeError
from lamina.tensor.function import Function

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def _numbers(shape: Any) -> Any:
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


@given(npst.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=3, min_side=0))
def test_broadcasting(shapes: Any) -> None:
    x, y, z = (_numbers(shape) for shape in shapes.input_shapes)
    np.testing.assert_array_equal(tf.add(tf.multiply(x, y), z), x * y + z)
    np.testing.assert_array_equal(tf.where(x > 1, y, z), np.where(x > 1, y, z))
    full = shapes.result_shape
    np.testing.assert_array_equal(tf.broadcast_to(x, full), np.broadcast_to(x, full))
    assert tf.broadcast_static_shape(x.shape, y.shape) == np.broadcast_shapes(x.shape, y.shape)
    found = tf.broadcast_dynamic_shape(x.shape, y.shape)
    assert tuple(found.numpy()) == np.broadcast_shapes(x.shape, y.shape)


@given(SHAPES, st.data())
def test_reshaping(shape: Any, data: st.DataObject) -> None:
    x = _numbers(shape)
    order = data.draw(st.permutations(shape))
    np.testing.assert_array_equal(tf.reshape(x, order), x.reshape(order))
    if x.size:
        free = data.draw(st.integers(0, len(order)))
        wanted = [*order[:free], -1, *order[free:]]
        np.testing.assert_array_equal(tf.reshape(x, wanted), x.reshape(wanted))
    perm = data.draw(st.permutations(range(x.ndim)))
    np.testing.assert_array_equal(tf.transpose(x, perm), x.transpose(perm))
    np.testing.assert_array_equal(tf.transpose(x), x.T)
    axis = data.draw(st.integers(-x.ndim - 1, x.ndim))
    wide = np.expand_dims(x, axis)
    np.testing.assert_array_equal(tf.expand_dims(x, axis), wide)
    np.testing.assert_array_equal(tf.squeeze(wide), np.squeeze(wide))
    np.testing.assert_array_equal(tf.squeeze(wide, axis), x)


@given(npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4), st.data())
def test_slicing(shape: Any, data: st.DataObject) -> None:
    x = _numbers(shape)
    key = data.draw(npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    np.testing.assert_array_equal(tf.constant(x)[key], x[key])
    weights = np.arange(x[key].size, dtype=np.float32).reshape(x[key].shape)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        total = tf.reduce_sum(tensor[key] * weights)
    expected = np.zeros_like(x)
    expected[key] = weights
    found = tape.gradient(total, tensor, unconnected_gradients="zero")
    np.testing.assert_array_equal(found, expected)


@given(npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4), st.data())
def test_gathering(shape: Any, data: st.DataObject) -> None:
    x = _numbers(shape)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    indices = data.draw(
        npst.arrays(
            np.int64,
            npst.array_shapes(min_dims=0, max_dims=2, max_side=3),
            elements=st.integers(0, x.shape[axis] - 1),
        )
    )
    np.testing.assert_array_equal(tf.gather(x, indices, axis=axis), np.take(x, indices, axis))
    depth = data.draw(st.integers(1, x.ndim))
    places = np.stack([data.draw(npst.arrays(np.int32, 3, elements=st.integers(0, size - 1)))
                       for size in shape[:depth]], axis=-1)  # fmt: skip
    np.testing.assert_array_equal(tf.gather_nd(x, places), x[tuple(places.T)])
    added = np.zeros_like(x)
    np.add.at(added, tuple(places.T), x[tuple(places.T)])
    np.testing.assert_array_equal(tf.scatter_nd(places, x[tuple(places.T)], shape), added)


def test_coordinates_may_be_of_a_type_too_narrow_for_places() -> None:
    x, places = np.arange(300.0).reshape(20, 15), np.array([[19, 14]], np.uint8)
    none = tf.zeros((0, 2), tf.uint8), tf.zeros(0, tf.float64)
    assert tf.gather_nd(x, places).numpy().tolist() == [299.0]
    assert tf.tensor_scatter_nd_update(x, places, [-1.0]).numpy().argmin() == 299
    np.testing.assert_array_equal(tf.tensor_scatter_nd_update(x, *none), x)


@given(npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4), st.data())
def test_joining_and_cutting(shape: Any, data: st.DataObject) -> None:
    x = _numbers(shape)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    parts = tf.split(x, x.shape[axis], axis)
    np.testing.assert_array_equal(tf.concat(parts, axis), x)
    np.testing.assert_array_equal(tf.stack(tf.unstack(x, axis=axis), axis), x)
    times = [data.draw(st.integers(0, 3)) for _ in shape]
    np.testing.assert_array_equal(tf.tile(x, times), np.tile(x, times))
    count = data.draw(st.integers(0, 3))
    np.testing.assert_array_equal(tf.repeat(x, count, axis), np.repeat(x, count, axis))
    np.testing.assert_array_equal(tf.repeat(x, count), np.repeat(x, count))
    shift = data.draw(st.integers(-9, 9))
    np.testing.assert_array_equal(tf.roll(x, shift, axis), np.roll(x, shift, axis))
    np.testing.assert_array_equal(tf.reverse(x, [axis]), np.flip(x, axis))


@given(npst.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4), st.data())
def test_padding(shape: Any, data: st.DataObject) -> None:
    x = _numbers(shape)
    mode = data.draw(st.sampled_from(["constant", "symmetric", "reflect"]))
    most = [4 if mode == "constant" else n - (mode == "reflect") for n in shape]
    pads = [(data.draw(st.integers(0, m)), data.draw(st.integers(0, m))) for m in most]
    extra = {"constant_values": 7} if mode == "constant" else {}
    np.testing.assert_array_equal(tf.pad(x, pads, mode, **extra), np.pad(x, pads, mode, **extra))


@given(npst.arrays(np.int32, st.integers(0, 12), elements=st.integers(0, 5)))
def test_sorting_and_counting(x: Any) -> None:
    np.testing.assert_array_equal(tf.sort(x), np.sort(x))
    np.testing.assert_array_equal(tf.argsort(x), np.argsort(x, kind="stable"))
    down = tf.argsort(x, direction="DESCENDING").numpy()
    np.testing.assert_array_equal(down, np.argsort(-x, kind="stable"))
    found, places, counts = tf.unique_with_counts(x)
    np.testing.assert_array_equal(found.numpy()[places.numpy()], x)
    assert list(found.numpy()) == list(dict.fromkeys(x))
    assert list(counts.numpy()) == [list(x).count(value) for value in found.numpy()]
    np.testing.assert_array_equal(tf.unique(x, tf.int64).idx, places)
    np.testing.assert_array_equal(tf.math.bincount(x), np.bincount(x))
    edges = np.sort(x)
    np.testing.assert_array_equal(tf.searchsorted(edges, x), np.searchsorted(edges, x))


@given(st.integers(-20, 20), st.integers(-20, 20), st.sampled_from([-3, -1, 1, 2]))
def test_ranges(start: int, limit: int, delta: int) -> None:
    found = tf.range(start, limit, delta)
    np.testing.assert_array_equal(found, np.arange(start, limit, delta))
    assert found.dtype == tf.int32
    np.testing.assert_allclose(
        tf.range(start, limit, delta / 4), np.arange(start, limit, delta / 4, np.float32)
    )


def test_dtypes_of_what_is_made() -> None:
    assert tf.constant([1, 2]).dtype == tf.int32
    assert tf.constant([1.0, 2]).dtype == tf.float32
    assert tf.constant(2**40).dtype == tf.int64
    assert tf.constant(np.ones(2)).dtype == tf.float64
    assert tf.constant(0.1, tf.float64).numpy() == 0.1
    assert tf.cast(0.1, tf.float64).numpy() == 0.1
    assert tf.range(3.0).dtype == tf.float32
    assert tf.convert_to_tensor([1], dtype_hint=tf.float32).dtype == tf.float32
    assert tf.convert_to_tensor([1.5], dtype_hint=tf.int32).dtype == tf.float32
    assert tf.ones_like([1, 2], dtype=tf.float16).dtype == tf.float16
    assert tf.one_hot([1], 2, dtype=tf.uint8).dtype == tf.uint8
    assert tf.shape([1, 2], out_type=tf.int64).dtype == tf.int64
    assert tf.math.top_k([1.0, 2.0], 1, index_type=tf.int64).indices.dtype == tf.int64


def test_constants_of_a_shape() -> None:
    np.testing.assert_array_equal(tf.constant([1, 2, 3, 4], shape=(2, 2)), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(tf.constant([7], shape=(2, 2)), [[7, 7], [7, 7]])
    with pytest.raises(InvalidArgumentError, match=r"1 value or 4 for shape \(2, 2\)"):
        tf.constant([1, 2, 3], shape=(2, 2))


def test_of_several_updates_the_last_stays() -> None:
    found = tf.tensor_scatter_nd_update([0, 0, 0], [[1], [1]], [5, 6])
    np.testing.assert_array_equal(found, [0, 6, 0])


def test_saturation_at_the_ends_of_integers() -> None:
    x = [-3e38, -(2.0**31), 0.5, 2.0**31, 3e38]
    ends = [-(2**31), -(2**31), 0]
    found = tf.saturate_cast(x, tf.int32).numpy()
    np.testing.assert_array_equal(found[:3], ends)
    assert (found[3:] > 2**31 - 200).all()
    np.testing.assert_array_equal(tf.saturate_cast([-5, 300], tf.uint8), [0, 255])
    np.testing.assert_array_equal(tf.saturate_cast([-5, 300], tf.float32), [-5, 300])


def test_grids() -> None:
    lines = [1, 2], [3, 4, 5], [6.0, 7.0]
    for indexing in ("xy", "ij"):
        for found, expected in zip(
            tf.meshgrid(*lines, indexing=indexing),
            np.meshgrid(*lines, indexing=indexing),
            strict=True,
        ):
            np.testing.assert_array_equal(found, expected)
    assert len(tf.meshgrid([1, 2])) == 1


def test_what_holds_the_batch_size() -> None:
    def rows(x: Any) -> Any:
        n = tf.shape(x)[0]
        return tf.range(n), tf.fill([n, 2], 3.0), tf.zeros(tf.shape(x)), tf.ones((n, *x.shape[1:]))

    traced = Function(rows, symbolic_batch=True)
    for size in (1, 4):
        x = tf.ones([size, 3])
        for found, expected in zip(traced(x), rows(x), strict=True):
            np.testing.assert_array_equal(found, expected)
    assert traced.trace_count == 1


ERRORS = [
    (lambda: tf.reshape(tf.ones([2, 3]), [4]), "numbers of elements differ"),
    (lambda: tf.reshape(tf.ones([2, 3]), [-1, -1]), "only one size can be -1"),
    (lambda: tf.reshape(tf.ones([2, 3]), [4, -1]), "cannot reshape 6 elements"),
    (lambda: tf.zeros([-1]), "cannot be negative"),
    (lambda: tf.zeros([None]), "known sizes outside of traced functions"),
    (lambda: tf.fill([2], [1, 2]), r"expects a scalar; got shape \(2,\)"),
    (lambda: tf.squeeze(tf.ones([2, 1]), 0), "size 1 at axis 0"),
    (lambda: tf.transpose(tf.ones([2, 1]), [0, 0]), r"permutation of \[0, 1\]"),
    (lambda: tf.transpose(tf.ones([2, 1]), [0, 3]), "axis 3 is out of range"),
    (lambda: tf.tensordot(tf.ones([2]), tf.ones([2]), [[1], [0]]), "axis 1 is out of range"),
    (lambda: tf.keras.backend.batch_dot(tf.ones([2, 2]), tf.ones([2, 2]), 3), "axis 3 is out of"),
    (lambda: tf.ensure_shape(tf.ones([2, 1]), [None, 2]), "ensure_shape expects"),
    (lambda: tf.broadcast_to(tf.ones([2]), [3]), "neither is 1"),
    (lambda: tf.broadcast_to(tf.ones([2, 2]), [2]), r"cannot broadcast shape \(2, 2\)"),
    (lambda: tf.concat([tf.ones([2]), tf.ones([2, 1])], 0), "equal ranks"),
    (lambda: tf.concat([tf.ones([2, 3]), tf.ones([2, 1])], 0), "cannot concatenate"),
    (lambda: tf.stack([tf.ones([2]), tf.ones([3])]), "equal shapes"),
    (lambda: tf.stack([]), "at least one"),
    (lambda: tf.unstack(tf.ones([2]), num=3), "size 2, not num=3"),
    (lambda: tf.split(tf.ones([3]), 2), "cannot be split into 2 equal parts"),
    (lambda: tf.split(tf.ones([3]), [1, 1]), r"add up to 3; got \[1, 1\]"),
    (lambda: tf.slice(tf.ones([3]), [1], [3]), "leaves the shape"),
    (lambda: tf.slice(tf.ones([3]), [1, 0], [1, 1]), "expects 1 begins"),
    (lambda: tf.tile(tf.ones([3]), [1, 2]), "expects 1 multiples"),
    (lambda: tf.repeat(tf.ones([3]), [1, 2], axis=0), "expects 3 counts"),
    (lambda: tf.roll(tf.ones([3]), [1, 2], [0]), "a shift for each axis"),
    (lambda: tf.pad(tf.ones([3]), [[1, 1], [0, 0]]), "expects 1 pairs"),
    (lambda: tf.pad(tf.ones([3]), [[3, 0]], "REFLECT"), "at most 2"),
    (lambda: tf.pad(tf.ones([3]), [[3, 0]], "EDGE"), "CONSTANT, REFLECT or SYMMETRIC"),
    (lambda: tf.meshgrid([1], indexing="yx"), "'xy' or 'ij'"),
    (lambda: tf.gather(tf.ones([2, 3]), tf.ones([3, 1], tf.int32), batch_dims=1), "equal leading"),
    (lambda: tf.gather_nd(tf.ones([2, 3]), [[0, 3]]), r"outside of the shape \(2, 3\)"),
    (lambda: tf.gather_nd(tf.ones([2]), [[0, 0]]), "2 coordinates"),
    (lambda: tf.scatter_nd([[0]], tf.ones([2]), [3]), r"updates of shape \(1,\) are expected"),
    (lambda: tf.sort([1], direction="down"), "ASCENDING or DESCENDING"),
    (lambda: tf.math.top_k([1.0], 2), "at least k=2"),
    (lambda: tf.searchsorted([1], [1], side="middle"), "'left' or 'right'"),
    (lambda: tf.searchsorted([[1]], [1]), "equal leading sizes"),
    (lambda: tf.unique([[1]]), "a line of values"),
    (lambda: tf.range(1, 2, 0), "other than 0"),
    (lambda: tf.linspace(0.0, 1.0, 0), "num ≥ 1"),
    (lambda: tf.one_hot([0.5], 2), "expects integers"),
    (lambda: tf.where([True], 1), "both x and y, or neither"),
    (lambda: tf.argmax([[1.0]], output_type=tf.float32), "tf.int32 or tf.int64"),
    (lambda: tf.reduce_max(tf.zeros([0])), "empty axis"),
    (lambda: tf.add_n([]), "at least one"),
    (lambda: tf.add_n([[1], [1, 2]]), "equal shapes"),
    (lambda: tf.math.unsorted_segment_sum([1, 2], [0, 3], 3), "outside of 0 to 2"),
    (lambda: tf.math.segment_sum([1, 2], [1, 0]), "must be a sorted line"),
    (lambda: tf.math.confusion_matrix([0, 3], [0, 1], num_classes=2), "outside of 0 to 1"),
    (lambda: tf.math.invert_permutation([0, 2]), "expects a permutation"),
    (lambda: tf.math.bincount([-1]), "values ≥ 0"),
    (lambda: tf.nn.softmax(1.0), "rank 1 or more"),
    (
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([0], [[1.0], [2.0]]),
        r"labels of shape \(2,\) are expected",
    ),
    (
        lambda: tf.nn.sigmoid_cross_entropy_with_logits([0.0], [[1.0]]),
        "must have equal shapes",
    ),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_errors_say_what_came(number: int) -> None:
    call, message = ERRORS[number]
    with pytest.raises(InvalidArgumentError, match=message):
        call()


def test_errors_of_other_kinds() -> None:
    for call in (
        lambda: tf.gather([1, 2], [0.5]),
        lambda: tf.zeros([1.5]),
        lambda: tf.zeros(1.5),
        lambda: tf.reduce_any([1.0]),
        lambda: tf.reduce_sum([True]),
        lambda: tf.cumsum([True]),
        lambda: tf.exp("text"),
        lambda: tf.bitwise.invert(1.5),
        lambda: tf.logical_and(1, 0),
    ):
        with pytest.raises(ArgumentTypeError, match=r"got|must be"):
            call()
    with pytest.raises(OutOfRangeError, match="index 2 is out of range: expected 0 to 1"):
        tf.gather([1, 2], [2])
    for shape_of_values in (tf.unique, tf.where, lambda x: tf.boolean_mask(x, x > 0)):
        with pytest.raises(ValueError, match=r"must be known|cannot know|not known"):
            tf.function(shape_of_values, autograph=False)(tf.constant([1, 2]))
