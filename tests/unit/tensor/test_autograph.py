"""Python's control flow on tensors inside tf.function."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.tensor.function import Eagerly
from tests.tools.control_flow import ROWS


@pytest.fixture(params=["llvm", "interp"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(tf.config, "backend", request.param)
    return str(request.param)


@pytest.fixture
def traced_only(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may run eagerly."""
    with caplog.at_level(logging.WARNING, "lamina"):
        yield
    assert not [r for r in caplog.records if "eagerly" in r.getMessage()]


@pytest.mark.usefixtures("backend", "traced_only")
@pytest.mark.parametrize("name", ROWS)
def test_a_program_means_what_python_means(name: str) -> None:
    row = ROWS[name]
    traced = tf.function(row.function)
    for sample in row.samples:
        tensors = [tf.constant(value) for value in sample]
        with tf.GradientTape() as tape:
            tape.watch([x for x in tensors if x.dtype == tf.float32])
            expected = row.function(*tensors)
        with tf.GradientTape() as traced_tape:
            traced_tape.watch([x for x in tensors if x.dtype == tf.float32])
            found = traced(*tensors)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        if row.smooth:
            wanted = tape.gradient(expected, tensors[0], unconnected_gradients="zero")
            slope = traced_tape.gradient(found, tensors[0], unconnected_gradients="zero")
            np.testing.assert_allclose(slope, wanted, rtol=1e-5)
    assert traced.trace_count == 1
    assert not isinstance(next(iter(traced._traces.programs.values())), Eagerly)


# What runs eagerly --------------------------------------------------------------------------------


def _grows(n: Any) -> Any:
    x = tf.zeros([1])
    for _ in tf.range(n):
        x = tf.concat([x, [1.0]], 0)
    return x


def _appends(n: Any) -> Any:
    found = [n]
    if n > 2:
        found.append(n)
    return tf.stack(found)


def _raises(n: Any) -> Any:
    if n > 100:
        raise KeyError("large")
    return n


def _sets(n: Any) -> Any:
    holder = Holder()
    if n > 2:
        holder.value = n
    return holder.value + n


def _calls_what_sets(n: Any) -> Any:
    count = 0

    def step(size: int) -> None:
        nonlocal count
        count += size

    if n > 2:
        step(1)
    else:
        step(10)
    return n + count


def _differs(n: Any) -> Any:
    return "large" if n > 2 else n


def _returns_nothing(n: Any) -> Any:
    if n > 2:
        return n
    return None


def _factorial(n: Any) -> Any:
    return n * _factorial(n - 1) if n > 1 else 1


def _unset(n: Any) -> Any:
    if n > 0:
        found = n * 2
    return found


def _asks_numpy(n: Any) -> Any:
    return tf.constant(n.numpy() + 1)


class Holder:
    value = 1


EAGER = {
    "shapes change": (_grows, "has shape"),
    "a list grows": (_appends, "grows or shrinks in one branch"),
    "a branch raises": (_raises, "raises KeyError: 'large'"),
    "an attribute is set": (_sets, "holder.value is set"),
    "a variable is set by a function inside": (_calls_what_sets, "count is set"),
    "values of other kinds": (_differs, "'large'"),
    "a value or none": (_returns_nothing, "None"),
    "recursion without an end": (_factorial, "RecursionError"),
    "a variable without a value": (_unset, "found is"),
    "places": (lambda n: tf.where(n > [0, 3]), "as many rows as"),
    "a range": (lambda n: tf.range(n) + n, "the size of a range"),
    "a depth": (lambda n: tf.one_hot(0, n), "an index"),
    "numbers are asked for": (_asks_numpy, "numpy"),
}


@pytest.mark.parametrize("case", EAGER)
def test_what_no_graph_can_say_runs_eagerly_and_says_so_once(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    function, reason = EAGER[case]
    traced = tf.function(function)
    with caplog.at_level(logging.WARNING, "lamina"):
        for number in (1, 5, 3):
            found, expected = traced(tf.constant(number)), function(tf.constant(number))
            if isinstance(expected, str) or expected is None:
                assert found == expected
            else:
                np.testing.assert_array_equal(found, expected)
    (record,) = caplog.records
    message = record.getMessage()
    assert function.__name__ in message and reason in message and "test_autograph.py:" in message


def test_errors_of_the_code_come_as_they_are() -> None:
    traced = tf.function(_raises)
    with pytest.raises(KeyError, match="large"):
        traced(tf.constant(101))


def test_without_its_text_a_function_runs_eagerly(caplog: pytest.LogCaptureFixture) -> None:
    traced = tf.function(eval("lambda x: x if x > 0 else -x"))
    with caplog.at_level(logging.WARNING, "lamina"):
        assert float(traced(tf.constant(-2.0))) == 2
    assert "runs eagerly" in caplog.text


# Scopes -------------------------------------------------------------------------------------------


def test_cells_are_the_functions_own() -> None:
    factor, calls = 2.0, 0

    @tf.function
    def scaled(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return x * factor if x > 0 else x

    assert float(scaled(tf.constant(1.0))) == 2 and calls == 1
    factor = 3.0
    assert float(scaled(tf.constant(1.0))) == 2  # the same types: the same program
    assert scaled(tf.ones([1])).numpy().tolist() == [3] and calls == 2


def test_tracebacks_name_the_line_of_the_user() -> None:
    @tf.function
    def wrong(x: Any) -> Any:
        if x.shape == (3,):
            return tf.matmul(x, x)
        return x

    with pytest.raises(ValueError, match="matmul") as caught:
        wrong(tf.ones(3))
    lines = [(entry.path.name, str(entry.statement).strip()) for entry in caught.traceback]
    assert ("test_autograph.py", "return tf.matmul(x, x)") in lines


def test_a_function_without_control_flow_stays_itself() -> None:
    def plain(x: Any) -> Any:
        return x

    assert tf.autograph.to_graph(plain) is plain
    assert tf.autograph.to_graph(tf.add) is tf.add  # the library's own code


def test_functions_are_converted_in_several_threads() -> None:
    def work(x: Any) -> Any:
        for _ in tf.range(3):
            x = x * 2 if x < 100 else x
        return x

    results: list[float] = []

    def run() -> None:
        results.append(float(tf.function(work)(tf.constant(1.0))))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [8.0] * 4


# Keras --------------------------------------------------------------------------------------------


def test_models_branch_on_tensors_where_they_are_trained(caplog: pytest.LogCaptureFixture) -> None:
    class Gate(tf.keras.layers.Layer):
        def call(self, x: Any) -> Any:
            y = -x
            if tf.reduce_mean(x) > 0:
                y = tf.nn.relu(x)
            for _ in tf.range(2):
                y = y * 0.9
            return y

    class Careful(tf.keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            if loss > 1e6:
                gradients = [tf.zeros_like(g) for g in gradients]
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    def skewed(y_true: Any, y_pred: Any) -> Any:
        error = y_true - y_pred
        if tf.reduce_mean(error) > 0:
            return tf.square(error)
        return 2.0 * tf.square(error)

    x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    losses = []
    for eagerly in (False, True):
        tf.keras.utils.set_random_seed(0)
        model = Careful([tf.keras.Input((4,)), Gate(), tf.keras.layers.Dense(1)])
        model.compile("sgd", skewed, run_eagerly=eagerly)
        with caplog.at_level(logging.WARNING, "lamina"):
            losses.append(
                model.fit(x, x[:, :1], epochs=2, verbose=0, shuffle=False).history["loss"]
            )
        assert not caplog.records
    np.testing.assert_allclose(*losses, rtol=1e-4)
