"""Branches and loops of native programs."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.backends.llvm import control


@pytest.fixture
def native_loops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How the loops of the test run, as they are made."""
    made: list[str] = []
    for kind in ("_NativeLoop", "_Loop"):
        cls = getattr(control, kind)

        def init(self: Any, *args: Any, _cls: Any = cls, _kind: str = kind, **more: Any) -> None:
            _INITS[_kind](self, *args, **more)
            made.append(_kind)

        monkeypatch.setattr(cls, "__init__", init)
    return made


_INITS = {kind: getattr(control, kind).__init__ for kind in ("_NativeLoop", "_Loop")}


def _on(backend: str, function: Any, *arguments: Any) -> Any:
    before = tf.config.backend
    tf.config.backend = backend
    try:
        return function(*arguments)
    finally:
        tf.config.backend = before


def _trained(backend: str, steps: int) -> tuple[list[Any], Any]:
    """The weights after steps of a training loop that stands inside of a function."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(7, "tanh"), keras.layers.Dense(1)]
    )
    optimizer = keras.optimizers.Adam(0.01)
    loss_function = keras.losses.MeanSquaredError()
    x = tf.random.normal((32, 5))
    y = tf.reduce_sum(x, axis=1, keepdims=True)

    @tf.function
    def train(x: Any, y: Any, steps: Any) -> Any:
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            noisy = x + tf.random.normal((32, 5), stddev=0.01)
            with tf.GradientTape() as tape:
                loss = loss_function(y, model(noisy, training=True))
                if loss > 0.5:
                    loss = loss * 1.5
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    loss = _on(backend, train, x, y, tf.constant(steps))
    assert int(optimizer.iterations) == steps
    return model.get_weights(), loss


def test_a_training_loop_inside_of_a_function_is_one_native_call(
    native_loops: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "lamina"):
        native, loss = _trained("llvm", 60)
    assert native_loops == ["_NativeLoop"] and not caplog.records
    expected, wanted = _trained("interp", 60)
    np.testing.assert_allclose(loss, wanted, rtol=1e-3)
    for ours, theirs in zip(native, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("start", [0.5, 5.0])
def test_a_loop_ends_where_a_number_says(native_loops: list[str], start: float) -> None:
    @tf.function
    def newton(a: Any, x: Any) -> tuple[Any, Any]:
        turns = 0
        while tf.reduce_max(tf.abs(x * x - a)) > 1e-3 and turns < 50:
            x = (x + a / x) / 2
            turns += 1
        return x, turns

    a = tf.constant([2.0, 9.0, 30.0])
    x = tf.fill((3,), start)
    found, turns = newton(a, x)
    expected, wanted = _on("interp", newton, a, x)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert int(turns) == int(wanted) > 0
    assert native_loops == ["_NativeLoop"]


def test_a_loop_with_a_limit() -> None:
    traced = tf.function(
        lambda x, n: tf.while_loop(
            lambda i, y: i < n, lambda i, y: (i + 1, y * 2.0), (0, x), maximum_iterations=100
        )
    )
    for turns in (0, 3, 100, 5000):
        i, y = traced(tf.constant(1.0), tf.constant(turns))
        assert int(i) == min(turns, 100) and float(y) == 2.0 ** min(turns, 100)


def test_gradients_by_a_number_that_all_turns_read_go_on_natively() -> None:
    @tf.function
    def slope(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in tf.range(3):
                y = y * x
        z = tape.gradient(y, x)
        for _ in range(9):
            z = tf.sin(z) + x
        return z

    x = tf.constant(1.5)
    np.testing.assert_allclose(_on("llvm", slope, x), _on("interp", slope, x), rtol=1e-6)


def test_a_loop_over_a_batch_takes_the_same_rows_in_each_turn(native_loops: list[str]) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([], tf.int32)])
    def total(x: Any, n: Any) -> Any:
        found = tf.zeros([2])
        for i in tf.range(n):
            found = found + tf.reduce_sum(x, axis=0) * tf.cast(i, tf.float32)
        return found

    for rows in (1, 7, 300):
        x = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32)
        np.testing.assert_allclose(total(x, 4), x.sum(0) * 6, rtol=1e-4)
    assert native_loops == ["_NativeLoop"]


def test_a_loop_that_carries_rows(native_loops: list[str]) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([], tf.int32)])
    def doubled(x: Any, n: Any) -> Any:
        for _ in tf.range(n):
            x = tf.tanh(x) * 2.0
        return x

    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    expected = x
    for _ in range(3):
        expected = np.tanh(expected) * 2
    np.testing.assert_allclose(doubled(x, 3), expected, rtol=1e-5)
    assert native_loops == ["_Loop"]


def test_effects_keep_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    @tf.function
    def speak(x: Any) -> Any:
        late = tf.linalg.inv(x) @ x  # on the interpreter
        tf.print("first", tf.round(late[0, 0]))
        tf.print("second", x[0, 0])
        for i in tf.range(2):
            tf.print("turn", i)
        tf.print("last")
        return x + 1

    speak(tf.eye(2))
    words = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert words == ["first", "second", "turn", "turn", "last"]


# Datasets -----------------------------------------------------------------------------------------


def _fitted(backend: str, data: Any, *, early: bool = False) -> tuple[Any, list[Any]]:
    """The losses and weights of an epoch that stands inside of a function."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh")])
    model.add(keras.layers.Dense(1))
    optimizer = keras.optimizers.Adam(0.05)
    mean = keras.metrics.Mean()

    @tf.function
    def epoch() -> Any:
        rows = 0
        for x, y in data:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean.update_state(loss)
            rows += tf.shape(x)[0]
            if early and rows > 20:
                break
        return rows, loss

    rows, loss = _on(backend, epoch)
    return [int(rows), float(loss), float(mean.result())], model.get_weights()


@pytest.mark.parametrize(
    ("batch", "early"), [({"batch_size": 8}, False), ({"batch_size": 8}, True)]
)
@pytest.mark.parametrize("whole", [True, False])
def test_an_epoch_over_a_dataset_stands_inside_of_a_function(
    batch: dict[str, Any], early: bool, whole: bool, caplog: pytest.LogCaptureFixture
) -> None:
    x = np.random.default_rng(0).normal(size=(44, 3)).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((x, x[:, :1])).batch(**batch, drop_remainder=whole)
    with caplog.at_level(logging.WARNING, "lamina"):
        native, weights = _fitted("llvm", data, early=early)
    assert not [record for record in caplog.records if "eagerly" in record.getMessage()]
    expected, wanted = _fitted("interp", data, early=early)
    assert native[0] == expected[0] == (24 if early else 40 if whole else 44)
    np.testing.assert_allclose(native, expected, rtol=1e-4)
    for ours, theirs in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_elements_of_all_sizes_are_carried_through(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [3, 0, 40, 7]

    def tables() -> Any:
        for size in sizes:
            yield np.full((size, 2), size, np.float32)

    spec = tf.TensorSpec([None, 2], tf.float32)
    data = tf.data.Dataset.from_generator(tables, output_signature=spec)

    @tf.function
    def total(start: Any) -> Any:
        for number, table in enumerate(data):
            start = start + tf.reduce_sum(table) * tf.cast(number + 1, tf.float32)
        return start

    expected = 1 + sum(2.0 * size * size * (n + 1) for n, size in enumerate(sizes))
    assert float(total(tf.constant(1.0))) == expected


def test_loops_over_datasets_say_what_they_cannot() -> None:
    data = tf.data.Dataset.from_tensor_slices(np.arange(3, dtype=np.float32))

    @tf.function
    def scaled(x: Any) -> Any:
        total = x * 0.0
        for value in data:
            total = total + value * x
        return total

    x = tf.constant(2.0)
    assert float(scaled(x)) == 6
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = scaled(x)
    with pytest.raises(NotImplementedError, match="inside of the loop"):
        tape.gradient(y, x)

    @tf.function
    def last() -> Any:
        for value in tf.data.Dataset.range(0):
            found = value
        return found

    with pytest.raises(ValueError, match="found has no value, as the loop made no turn"):
        last()
