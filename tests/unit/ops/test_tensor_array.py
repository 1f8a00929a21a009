"""tf.TensorArray, eagerly and in traced functions; tf.autograph's own functions."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, OutOfRangeError


def test_items_are_written_and_read() -> None:
    ta = tf.TensorArray(tf.float32, size=3)
    for number in range(3):
        ta = ta.write(number, tf.fill((2,), float(number)))
    assert int(ta.size()) == 3 and ta.element_shape == (2,) and ta.dtype == tf.float32
    assert ta.stack().numpy().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert ta.gather([2, 0]).numpy().tolist() == [[2, 2], [0, 0]]
    assert ta.concat().numpy().tolist() == [0, 0, 1, 1, 2, 2]
    assert ta.read(1).numpy().tolist() == [1, 1]
    with pytest.raises(InvalidArgumentError, match="clear_after_read=False"):
        ta.read(1)
    kept = tf.TensorArray(tf.int32, size=1, clear_after_read=False).write(0, 7)
    assert int(kept.read(0)) == int(kept.read(0)) == 7


@pytest.mark.parametrize("value", [1, True, [1, 2], np.float64(0.5), np.ones(2)], ids=repr)
def test_what_is_no_tensor_takes_the_type_of_the_array(value: Any) -> None:
    found = tf.TensorArray(tf.float32, size=1).write(0, value).stack()
    assert found.dtype == tf.float32 and found[0].numpy().tolist() == np.asarray(value).tolist()


def test_arrays_take_rows_apart() -> None:
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True).unstack(rows)
    assert int(ta.size()) == 3 and ta.read(2).numpy().tolist() == [5, 6]
    ta = tf.TensorArray(tf.float32, size=4).scatter([3, 0], rows[:2])
    assert ta.read(3).numpy().tolist() == [1, 2] and ta.read(1).numpy().tolist() == [0, 0]
    ta = tf.TensorArray(tf.float32, size=2, infer_shape=False).split(tf.range(5.0), [2, 3])
    assert ta.read(1).numpy().tolist() == [2, 3, 4]


def test_arrays_say_what_is_wrong() -> None:
    ta = tf.TensorArray(tf.float32, size=2)
    with pytest.raises(OutOfRangeError, match="dynamic_size is False"):
        ta.write(2, 1.0)
    with pytest.raises(OutOfRangeError, match="the size is 2"):
        ta.read(5)
    with pytest.raises(InvalidArgumentError, match="not written yet"):
        ta.read(0)
    with pytest.raises(InvalidArgumentError, match="holds float32; got int32"):
        ta.write(0, tf.constant(1))
    with pytest.raises(InvalidArgumentError, match="holds int32; got float32"):
        tf.TensorArray(tf.int32, size=1).write(0, 1.5)
    ta = ta.write(0, tf.zeros(2))
    with pytest.raises(InvalidArgumentError, match="shape"):
        ta.write(1, tf.zeros(3))
    with pytest.raises(InvalidArgumentError, match="size 2 and dynamic_size is False"):
        ta.unstack(tf.zeros((3, 2)))


@pytest.mark.parametrize("backend", ["llvm", "interp"])
def test_loops_of_a_graph_write_arrays(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "backend", backend)

    @tf.function
    def running(x: Any) -> Any:
        n = tf.shape(x)[0]
        sums = tf.TensorArray(tf.float32, size=n)
        total = tf.zeros((2,))
        for i in tf.range(n):
            total = total + x[i]
            if total[0] > 100.0:  # noqa: SIM108
                sums = sums.write(i, -total)
            else:
                sums = sums.write(i, total)
        return sums.stack() + sums.read(n - 1)

    x = tf.constant(np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32))
    sums = np.cumsum(x, axis=0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = running(x)
    np.testing.assert_allclose(found, sums + sums[-1], rtol=1e-5)
    weights = 6 + np.arange(6, 0, -1.0)
    np.testing.assert_allclose(tape.gradient(found, x), np.stack([weights, weights], 1))


def test_arrays_that_grow_are_unrolled_or_run_eagerly(caplog: pytest.LogCaptureFixture) -> None:
    @tf.function
    def evens(n: Any) -> Any:
        found = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        for i in tf.range(n):
            found = found.write(i, 2 * i)
        return found.stack()

    with caplog.at_level(logging.WARNING, "lamina"):
        assert evens(4).numpy().tolist() == [0, 2, 4, 6]
        assert not caplog.records  # the number is known: no loop is needed
        assert evens(tf.constant(3)).numpy().tolist() == [0, 2, 4]
    assert "dynamic_size=True" in caplog.text and "test_tensor_array.py" in caplog.text


def test_autograph_shows_and_steers(capsys: pytest.CaptureFixture[str]) -> None:
    def largest(x: Any, n: Any) -> Any:
        tf.autograph.trace("traced with", n)
        for _ in tf.range(n):
            tf.autograph.experimental.set_loop_options(
                maximum_iterations=3, shape_invariants=[(x, tf.TensorShape([]))]
            )
            if x < 100:
                x = x * 2
        return x

    assert "_ag.for_" in tf.autograph.to_code(largest)
    traced = tf.function(largest)
    assert float(traced(tf.constant(1.0), tf.constant(10))) == 8
    assert float(traced(tf.constant(90.0), tf.constant(10))) == 180
    assert capsys.readouterr().out.count("traced with") <= 2
    converted = tf.autograph.to_graph(largest)
    assert float(converted(tf.constant(3.0), tf.constant(1))) == 6
    with pytest.raises(InvalidArgumentError, match="not at hand"):
        tf.autograph.to_code(eval("lambda x: x"))


def test_functions_may_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    @tf.autograph.experimental.do_not_convert
    def sign(x: Any) -> Any:
        return 1 if x > 0 else -1

    traced = tf.function(lambda x: sign(x) * x)
    with caplog.at_level(logging.WARNING, "lamina"):
        assert float(traced(tf.constant(-2.0))) == 2
    assert "runs eagerly" in caplog.text
    strict = tf.function(lambda x: x if x > 0 else -x, autograph=False)
    with pytest.raises(TypeError, match=r"tf\.cond"):
        strict(tf.constant(-2.0))
