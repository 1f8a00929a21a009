"""Where tensors meet Python: printing, NumPy functions, modules, names of the namespace."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, OutsideError, UnknownNameError


def test_print_writes_values(capsys: pytest.CaptureFixture[str]) -> None:
    tf.print("x:", tf.constant([1.0, 2.5]), {"n": 3, "v": tf.Variable(True)}, sep="|", end="!\n")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "x:|[1.  2.5]|{'n': 3, 'v': True}!\n")
    stream = io.StringIO()
    tf.print(tf.range(100), output_stream=stream, summarize=2)
    tf.print(tf.range(4), output_stream=stream, summarize=-1)
    assert stream.getvalue() == "[ 0  1 ... 98 99]\n[0 1 2 3]\n"


def test_print_in_a_traced_function_writes_in_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    @tf.function
    def double(x: Any) -> Any:
        tf.print("x", x)
        return 2 * x

    for number in (1, 2):
        double(tf.constant(number))
    assert capsys.readouterr().err == "x 1\nx 2\n"


def test_numpy_function() -> None:
    def both(a: Any, b: Any) -> Any:
        assert type(a) is np.ndarray
        return a + b, np.int32(3)

    total, three = tf.numpy_function(
        both, [tf.ones([2]), np.ones(2, np.float32)], [tf.float32, tf.int32]
    )
    np.testing.assert_array_equal(total, [2, 2])
    assert int(three) == 3
    with pytest.raises(InvalidArgumentError, match="Tout says float32; the function returned"):
        tf.numpy_function(np.sum, [np.ones(2)], tf.float32)
    with pytest.raises(InvalidArgumentError, match="names 2 results; got 1"):
        tf.numpy_function(lambda x: [x], [1.0], [tf.float32, tf.float32])
    with pytest.raises(InvalidArgumentError, match="expects func, inp and Tout"):
        tf.numpy_function(np.sum)


def test_python_functions_run_eagerly_and_are_decorators(caplog: pytest.LogCaptureFixture) -> None:
    for caller in (tf.numpy_function, tf.py_function):

        @caller(Tout=[tf.float32, tf.int32])
        def half(x: Any) -> Any:
            return np.float32(x) / 2, np.int32(1)

        @tf.function
        def once(x: Any, half: Any = half) -> Any:
            return half(x)[0] + 1.0

        assert float(once(tf.constant(3.0))) == 2.5 and half.__name__ == "half"
        assert f"test_interop.py:67: {caller.__name__} needs arrays" in caplog.text


def test_py_function_keeps_gradients() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.py_function(lambda v: v * v, [x], tf.float32)
    assert float(tape.gradient(y, x)) == 6
    assert [int(part) for part in tf.py_function(lambda v: (v, v), [1], [tf.int32, tf.int32])] == [
        1,
        1,
    ]
    with pytest.raises(InvalidArgumentError, match="expects func, inp and Tout"):
        tf.py_function(np.sum)


def test_asking_what_something_is() -> None:
    assert (
        tf.is_tensor(tf.ones([])) and tf.is_tensor(tf.Variable(1)) and not tf.is_tensor(np.ones(2))
    )
    seen = []

    @tf.function
    def look(x: Any) -> Any:
        seen.extend([tf.executing_eagerly(), tf.inside_function(), tf.get_static_value(x)])
        return x

    look(tf.constant(2))
    assert seen == [False, True, None]
    assert tf.executing_eagerly() and not tf.inside_function()
    assert tf.get_static_value(tf.constant(2)) == 2


def test_what_loops_and_branches_print_stays_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    @tf.function
    def count(n: Any) -> None:
        for i in tf.range(1, n + 1):
            if i % 3 == 0:
                tf.print("three")
            else:
                tf.print(i, 2 * i)
            tf.print("end", i)

    count(tf.constant(3))
    assert capfd.readouterr().err.split("\n")[:6] == [
        "1 2",
        "end 1",
        "2 4",
        "end 2",
        "three",
        "end 3",
    ]


def test_scopes() -> None:
    with tf.name_scope("layer") as name, tf.device("/CPU:0"), tf.device(None):
        assert name == "layer/"
    with pytest.raises(InvalidArgumentError, match="no device '/GPU:0'"), tf.device("/GPU:0"):
        pass


@pytest.mark.parametrize(
    "make",
    [
        tf.constant,
        tf.convert_to_tensor,
        lambda a: tf.convert_to_tensor(a, tf.float64),
        lambda a: tf.constant([a, a]),
        tf.identity,
        tf.stop_gradient,
        tf.Variable,
        tf.squeeze,
        tf.transpose,
        lambda a: tf.cast(a, tf.float64),
        lambda a: tf.reshape(a, [2, 2]),
        lambda a: tf.expand_dims(a, 0),
        lambda a: tf.broadcast_to(a, [2, 2, 2]),
        lambda a: tf.ensure_shape(a, [2, 2]),
        lambda a: tf.unstack(a)[0],
        lambda a: tf.split(a, 1)[0],
        lambda a: tf.concat([a], 0),
        lambda a: tf.slice(a, [0, 0], [1, 2]),
        lambda a: tf.tile(a, [1, 1]),
        lambda a: tf.reverse(a, [0]),
        lambda a: tf.roll(a, 0, 0),
        lambda a: tf.repeat(a, 1, 0),
        lambda a: tf.pad(a, [[0, 0], [0, 0]], "REFLECT"),
        tf.linalg.matrix_transpose,
    ],
)
def test_later_changes_of_an_array_do_no_harm(make: Any) -> None:
    array = np.ones((2, 2))
    made = make(array)
    array[:] = 9
    assert float(tf.reduce_max(made)) == 1


# The namespace ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "name", "message"),
    [
        ("", "reduce_meen", "Did you mean 'reduce_mean'"),
        ("", "Session", "@tf.function"),
        ("", "placeholder", "keras.Input"),
        ("", "contrib", "it left TensorFlow with version 2"),
        ("", "sparse", "pad and mask"),
        ("", "log", "tf.math.log since TensorFlow 2"),
        ("math", "exxp", "lamina.math has no 'exxp'. Did you mean 'exp'"),
        ("nn", "conv2d", "dense networks"),
        ("linalg", "eihg", "Did you mean 'eigh'"),
        ("linalg", "eig", "complex numbers"),
        ("random", "norml", "Did you mean 'normal'"),
        ("bitwise", "inverse", "Did you mean 'invert'"),
        ("debugging", "assert_equl", "Did you mean 'assert_equal'"),
        ("errors", "InvalidArgument", "Did you mean 'InvalidArgumentError'"),
        ("dtypes", "float_32", "Did you mean 'float32'"),
    ],
)
def test_unknown_names_say_what_to_use(space: str, name: str, message: str) -> None:
    with pytest.raises((UnknownNameError, OutsideError), match=message) as error:
        getattr(getattr(tf, space) if space else tf, name)
    assert isinstance(error.value, AttributeError)


def test_import_of_an_unknown_name() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Session'"):
        exec("from lamina import Session")


def test_old_arguments_name_those_of_today() -> None:
    with pytest.raises(TypeError, match="no argument 'keep_dims'; it is called keepdims"):
        tf.reduce_sum([1.0], keep_dims=True)
    with pytest.raises(TypeError, match="reduce_max has no argument 'axes'"):
        tf.reduce_max([1.0], axes=0)


def test_one_object_under_all_its_names() -> None:
    assert tf.math.reduce_mean is tf.reduce_mean
    assert tf.nn.softmax is tf.math.softmax
    assert tf.linalg.matmul is tf.matmul
    assert tf.dtypes.float32 is tf.float32 == "float32"
    assert tf.newaxis is None


def test_everything_announced_is_there() -> None:
    for space in (tf, tf.math, tf.nn, tf.linalg, tf.random, tf.bitwise, tf.debugging, tf.dtypes):
        assert len(space.__all__) == len(set(space.__all__))
        for name in space.__all__:
            assert getattr(space, name, tf) is not None or name == "newaxis"


def test_the_version_is_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", tf.__version__)


def test_config_has_the_methods_of_tensorflow() -> None:
    tf.config.run_functions_eagerly(True)
    try:
        assert tf.config.functions_run_eagerly()
        eager = []
        tf.function(lambda: eager.append(tf.executing_eagerly()))()
        assert eager == [True]
    finally:
        tf.config.run_functions_eagerly(False)


def test_the_imports_that_people_write(checkout: Path) -> None:
    code = """
import sys
import lamina as tf
assert not {"lamina.keras", "h5py", "rich", "matplotlib"} & set(sys.modules)
from lamina import Variable, constant, keras, matmul
import lamina.keras
from lamina.keras import layers
assert lamina.keras.layers is layers is tf.keras.layers
assert tf.optimizers is tf.keras.optimizers
assert tf.datasets.credit and tf.plot and tf.tabular
"""
    subprocess.run([sys.executable, "-c", code], cwd=checkout, check=True)
