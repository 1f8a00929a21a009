"""Chains of operations give the same elements on indices of arrays and element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina as tf

Step = tuple[str, tuple[Any, ...]]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("take"), st.tuples(st.integers(-1, 9))),
    st.tuples(st.just("skip"), st.tuples(st.integers(-1, 9))),
    st.tuples(st.just("shard"), st.sampled_from([(1, 0), (2, 0), (2, 1), (3, 2)])),
    st.tuples(st.just("repeat"), st.tuples(st.integers(0, 3))),
    st.tuples(st.just("batch"), st.tuples(st.integers(1, 4), st.booleans())),
    st.tuples(st.just("unbatch"), st.just(())),
    st.tuples(st.just("cache"), st.just(())),
    st.tuples(st.just("prefetch"), st.tuples(st.integers(0, 2))),
)


def chain(dataset: Any, steps: list[Step]) -> Any:
    """The dataset after the steps that fit it: only batches are taken apart."""
    depth = 0
    for name, arguments in steps:
        if name == "unbatch" and not depth:
            continue
        depth += {"batch": 1, "unbatch": -1}.get(name, 0)
        dataset = getattr(dataset, name)(*arguments)
    return dataset


def elements(dataset: Any) -> list[Any]:
    return [np.asarray(element).tolist() for element in dataset.as_numpy_iterator()]


def of_a_generator(rows: int) -> Any:
    spec = tf.TensorSpec((), tf.int64)
    return tf.data.Dataset.from_generator(lambda: iter(range(rows)), output_signature=spec)


@settings(deadline=None, max_examples=300)
@given(st.integers(1, 12), st.lists(STEPS, max_size=6))
def test_both_ways_give_the_same(rows: int, steps: list[Step]) -> None:
    arrays = chain(tf.data.Dataset.range(rows), steps)
    single = chain(of_a_generator(rows), steps)
    try:
        expected = elements(single)
    except tf.errors.InvalidArgumentError:  # batches of different sizes do not batch
        with pytest.raises(tf.errors.InvalidArgumentError, match="one shape"):
            elements(arrays)
        return
    assert elements(arrays) == expected == elements(arrays)
    length = int(arrays.cardinality())
    assert length in (len(expected), tf.data.UNKNOWN_CARDINALITY)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 40),
    st.integers(1, 50),
    st.integers(0, 3),
    st.sampled_from([lambda d: d, lambda d: d.batch(3).unbatch(), lambda d: d.repeat(2)]),
)
def test_buffers_of_indices_and_of_elements(
    rows: int, size: int, seed: int, more: Callable[[Any], Any]
) -> None:
    """Each element leaves once, and none before it could have come into the buffer."""
    for source in (tf.data.Dataset.range(rows), of_a_generator(rows)):
        before = elements(more(source))
        after = elements(more(source).shuffle(size, seed=seed))
        assert sorted(after) == sorted(before)
        places = {value: place for place, value in reversed(list(enumerate(before)))}
        assert all(places[value] < place + size for place, value in enumerate(after))


X = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
Y = np.arange(9, dtype=np.int32)
SCALE = tf.Variable(np.float32([1.0, 2.0, 3.0, 4.0]))
WEIGHT = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "arithmetic": lambda x, y: (x / 255.0 - 0.5, y + 1),
    "types": lambda x, y: (tf.cast(x, tf.float64), tf.cast(y, tf.float32) * 0.5),
    "reduced": lambda x, y: (x - tf.reduce_mean(x), tf.reduce_max(x) + tf.reduce_sum(x**2)),
    "axes": lambda x, y: (tf.reduce_sum(tf.reshape(x, (2, 2)), axis=0), tf.argmax(x)),
    "parts": lambda x, y: ({"first": x[:2], "last": x[-1], "step": x[::2]}, y),
    "joined": lambda x, y: (tf.concat([x, [1.0, 2.0]], 0), tf.stack([y, y * 2])),
    "spread": lambda x, y: (x[None, :] * x[:, None], tf.fill((3,), 7)),
    "variable": lambda x, y: (x * SCALE, y),
    "product": lambda x, y: (tf.matmul(x[None, :], WEIGHT)[0], y),
    "tensordot": lambda x, y: (tf.tensordot(x, WEIGHT, 1), y),
    "chosen": lambda x, y: (
        tf.where(x > 0, x, tf.zeros_like(x)),
        tf.cond(y > 3, lambda: y, lambda: -y),
    ),
    "one_hot": lambda x, y: (x, tf.one_hot(y, 9)),
    "looked_up": lambda x, y: (x, tf.gather(WEIGHT, y % 4)),
    "softmax": lambda x, y: (tf.nn.softmax(x), tf.math.log1p(tf.abs(x[0]))),
    "turned": lambda x, y: (tf.transpose(tf.reshape(x, (2, 2))), tf.reverse(x, [0])),
    "padded": lambda x, y: (tf.pad(x, [[1, 2]]), tf.cumsum(x)),
    "dense": tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2)]).call,
    "same_for_all": lambda x, y: (tf.constant([1.0, 2.0]), y),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_rows_work_on_many_at_once(name: str) -> None:
    function = FUNCTIONS[name]
    if name == "dense":
        network = function
        function = lambda x, y: (network(x[None])[0], y)  # noqa: E731
    spec = (tf.TensorSpec((4,), tf.float32), tf.TensorSpec((), tf.int32))
    single = tf.data.Dataset.from_generator(lambda: zip(X, Y, strict=True), output_signature=spec)
    arrays = tf.data.Dataset.from_tensor_slices((X, Y))
    expected = list(single.map(function).as_numpy_iterator())
    for batched in (False, True):
        dataset = arrays.map(function)
        found = list((dataset.batch(4).unbatch() if batched else dataset).as_numpy_iterator())
        assert len(found) == 9
        for one, other in zip(found, expected, strict=True):
            for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
                assert a.dtype == b.dtype and a.shape == b.shape
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_most_functions_need_no_loop_over_rows() -> None:
    arrays = tf.data.Dataset.from_tensor_slices((X, Y))
    loops = {name for name, f in FUNCTIONS.items() if arrays.map(f)._node.rows() is None}
    assert loops <= {"chosen", "looked_up", "padded", "dense"}


def test_functions_that_draw_or_write_run_for_each_row() -> None:
    rows = tf.data.Dataset.range(50)
    drawn = elements(rows.map(lambda v: tf.random.uniform(())))
    assert len(set(drawn)) == 50
    count = tf.Variable(0)

    def counted(v: tf.Tensor) -> tf.Tensor:
        count.assign_add(1)
        return v + tf.cast(count, tf.int64)

    assert elements(rows.take(3).map(counted)) == [1, 3, 5] and int(count) == 3


def test_networks_train_on_mapped_rows_as_on_arrays() -> None:
    found = []
    for data in (
        tf.data.Dataset.from_tensor_slices((X, Y)).map(lambda x, y: (x * 2, y)).batch(4),
        tf.data.Dataset.from_tensor_slices((X * 2, Y)).batch(4),
    ):
        tf.keras.utils.set_random_seed(1)
        model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(data, epochs=3, verbose=0)
        found.append(model.get_weights()[0])
    np.testing.assert_array_equal(found[0], found[1])


def test_a_cache_keeps_what_a_function_gave_first() -> None:
    scale = tf.Variable(2.0)
    dataset = tf.data.Dataset.from_tensor_slices([1.0, 2.0]).map(lambda v: v * scale)
    kept = dataset.cache()
    assert elements(kept) == [2.0, 4.0] == elements(dataset)
    scale.assign(3.0)
    assert elements(kept) == [2.0, 4.0] and elements(dataset) == [3.0, 6.0]


OF_BATCHES: dict[str, tuple[Callable[..., Any], bool]] = {
    "arithmetic": (lambda x, y: (x / 255.0 - 0.5, y + 1), True),
    "reduced": (lambda x, y: (x - tf.reduce_mean(x, 1, keepdims=True), y), True),
    "over_rows": (lambda x, y: (x - tf.reduce_mean(x, 0), y), False),
    "all": (lambda x, y: (x / tf.reduce_max(x), y), False),
    "softmax": (lambda x, y: (tf.nn.softmax(x), tf.one_hot(y, 9)), True),
    "parts": (lambda x, y: ({"a": x[:, :2], "b": x[:, -1:]}, y), True),
    "first_row": (lambda x, y: (x - x[:1], y), False),
    "turned": (lambda x, y: (x[::-1], y), False),
    "sizes": (lambda x, y: (x * tf.cast(tf.shape(x)[0], tf.float32), y), False),
    "numbers": (lambda x, y: (x, tf.range(tf.shape(x)[0])), False),
    "counted": (lambda x, y: (x * tf.cast(tf.range(tf.shape(x)[0]), x.dtype)[:, None], y), False),
    "noise": (lambda x, y: (x + tf.random.stateless_uniform(tf.shape(x), (1, 2)), y), False),
    "flat": (lambda x, y: (tf.reshape(x, (-1, 2, 2)), tf.reshape(y, (-1, 1))), True),
    "mixed": (lambda x, y: (tf.reshape(x, (-1, 2)), y), False),
    "product": (lambda x, y: (x @ WEIGHT, y), True),
    "gram": (lambda x, y: (x @ tf.transpose(x), y), False),
    "joined": (lambda x, y: (tf.concat([x, x * 2], 1), y), True),
    "doubled": (lambda x, y: (tf.concat([x, x], 0), tf.concat([y, y], 0)), False),
    "summed": (lambda x, y: (tf.cumsum(x), y), False),
    "variable": (lambda x, y: (x * SCALE, y), True),
    "same": (lambda x, y: (tf.ones_like(x), y), True),
}


@pytest.mark.parametrize("name", OF_BATCHES)
def test_functions_of_batches_give_what_they_give_one_by_one(name: str) -> None:
    function, apart = OF_BATCHES[name]
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4).map(function)
    rows = dataset._node.rows()
    assert apart or rows is None, "rows that meet must not be worked on together"
    batches = list(dataset.as_numpy_iterator())
    assert len(batches) == 3
    for batch, start in zip(batches, (0, 4, 8), strict=True):
        wanted = function(tf.constant(X[start : start + 4]), tf.constant(Y[start : start + 4]))
        for a, b in zip(tf.nest.flatten(batch), tf.nest.flatten(wanted), strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-6)
    if rows is not None:
        joined = rows.applied()
        assert joined is not None
        whole = [np.concatenate(p) for p in zip(*map(tf.nest.flatten, batches), strict=True)]
        for a, b in zip(tf.nest.flatten(joined.source), whole, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_most_functions_of_batches_keep_rows_apart() -> None:
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    apart = {name for name, (f, _) in OF_BATCHES.items() if dataset.map(f)._node.rows() is not None}
    assert {"arithmetic", "reduced", "softmax", "parts", "product", "variable"} <= apart
