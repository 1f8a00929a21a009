"""Modules find their variables; scopes name them; what orders operations changes no result."""

from __future__ import annotations

from typing import Any

import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError


class Line(tf.Module):
    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.slope = tf.Variable(1.0, name="slope")
        self.offset = tf.Variable(0.0, trainable=False, name="offset")

    @tf.Module.with_name_scope
    def __call__(self, x: Any) -> Any:
        if not hasattr(self, "bend"):
            self.bend = tf.Variable(2.0, name="bend")
        return self.slope * x + self.offset + self.bend * x * x


class Curve(tf.Module):
    def __init__(self) -> None:
        super().__init__(name="curve")
        self.pieces = [Line(), {"last": Line("last")}]
        self.again = self.pieces[0]
        self.itself = self
        self.loop: list[Any] = [self.pieces]
        self.loop.append(self.loop)
        self.weight = tf.Variable(3.0, name="weight")


def test_modules_find_their_variables() -> None:
    line, curve = Line(), Curve()
    assert (line.name, curve.name) == ("line", "curve")
    assert line.variables == (line.offset, line.slope)
    assert line.trainable_variables == (line.slope,)
    assert line.non_trainable_variables == (line.offset,)
    assert curve.submodules == (curve.pieces[0], curve.pieces[1]["last"])
    first, last = curve.submodules
    expected = (curve.weight, first.offset, first.slope, last.offset, last.slope)
    assert curve.variables == expected  # own ones first, then those of modules


def test_flatten_tells_the_way_and_stays_on_top_if_asked() -> None:
    curve = Curve()
    found = dict(curve._flatten(predicate=lambda x: isinstance(x, tf.Variable), with_path=True))
    assert found["weight",] is curve.weight
    assert found["again", "slope"] is curve.pieces[0].slope
    assert found["loop", 0, 1, "last", "slope"] is curve.pieces[1]["last"].slope
    top = curve._flatten(recursive=False, predicate=lambda x: isinstance(x, tf.Variable))
    assert list(top) == [curve.weight]


def test_layers_of_keras_are_modules_inside() -> None:
    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = tf.keras.layers.Dense(2)

    net = Net()
    net.dense(tf.ones([1, 3]))
    assert net.trainable_variables == (net.dense.kernel, net.dense.bias)
    assert net.submodules == (net.dense,)


def test_names_of_variables_begin_with_the_scope() -> None:
    line = Line("first")
    assert float(line(2.0)) == 10
    assert (line.slope.name, line.bend.name) == ("slope:0", "first/bend:0")
    assert line.name_scope.name == "first/"
    with tf.name_scope("outer") as outer:
        assert outer == "outer/"
        inner = Line()
        with tf.name_scope("middle"):
            assert tf.get_current_name_scope() == "outer/middle"
            inner(1.0)
            dense = tf.keras.layers.Dense(1)
            dense(tf.ones([1, 1]))
    assert (inner.bend.name, inner.slope.name) == ("outer/line/bend:0", "outer/slope:0")
    assert dense.kernel.name == "kernel"
    assert tf.get_current_name_scope() == ""


def test_the_name_of_a_module_is_an_identifier() -> None:
    with pytest.raises(InvalidArgumentError, match="got 'a b'"):
        Line("a b")


def test_what_runs_at_once_inside_a_traced_function() -> None:
    seen: list[bool] = []

    @tf.function
    def f(x: Any) -> Any:
        seen.append(tf.is_symbolic_tensor(x))
        with tf.init_scope():
            seen.append(tf.is_symbolic_tensor(tf.constant(1.0) + 1))
            seen.append(tf.executing_eagerly())
        with tf.control_dependencies([x]):
            first, none = tf.tuple([x + 1, None])
        assert none is None
        return first

    assert float(f(tf.constant(1.0))) == 2
    assert seen == [True, False, True]
    with pytest.raises(ArgumentTypeError, match="got int"):
        tf.is_symbolic_tensor(1)


def test_time_does_not_stand_still() -> None:
    assert tf.timestamp() > 1.7e9 and tf.timestamp().dtype == tf.float64
    with pytest.raises(UnimplementedError, match="time of tracing"):
        tf.function(tf.timestamp)()
