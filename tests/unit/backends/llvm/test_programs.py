"""What a compiled program depends on, and data that are out of the ordinary."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.backends.llvm import workers
from lamina.backends.llvm.program import NativeProgram
from lamina.core.errors import InvalidArgumentError
from lamina.core.shapes import B
from lamina.ir.bind import STATE
from lamina.ir.graph import trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.value import Spec
from lamina.prims.broadcast import fill
from lamina.tensor.function import Function

pytestmark = pytest.mark.usefixtures("native")


def of_batch(function: Any) -> Function:
    return Function(function, symbolic_batch=True)


def test_programs_that_differ_in_which_constant_stands_where_are_two() -> None:
    a, b = (tf.constant(np.float32(row)) for row in ([1, 2, 3], [10, 20, 30]))
    x = np.ones((2, 3), "float32")

    def first(x: Any) -> Any:
        return (x * a + b) * a

    def second(x: Any) -> Any:
        return (x * a + b) * b

    second.__name__ = "first"
    np.testing.assert_array_equal(of_batch(first)(x), first(x))
    np.testing.assert_array_equal(of_batch(second)(x), second(x))


@pytest.mark.parametrize("number", [np.nan, -0.0, 0.0, np.inf])
def test_constants_count_by_their_bits(number: float) -> None:
    x = np.full((2, 3), -0.0, "float32")
    for row in (np.full(3, number), np.arange(3.0), [0.0, -0.0, 0.0]):
        constant = tf.constant(np.float32(row))

        def plus(x: Any, constant: Any = constant) -> Any:
            return x + constant

        found, expected = np.asarray(of_batch(plus)(x)), np.asarray(plus(x))
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


def test_integers_are_divided_by_any_constants() -> None:
    x = tf.constant(np.arange(-6, 6, dtype="int32").reshape(4, 3))
    for row in ([2, 3, 4], [2, -1, 4], [3, 3, 3], [-3, -3, -3]):
        divisor = tf.constant(np.int32(row))
        for wanted in (tf.math.floordiv, tf.math.floormod):
            function = tf.function(lambda x, by=divisor, f=wanted: f(x, by))
            np.testing.assert_array_equal(function(x), wanted(x, divisor))
    with pytest.raises(InvalidArgumentError, match="divided by 0"):
        tf.function(lambda x: x // tf.constant(np.int32([2, 0, 4])))(x)


def test_no_rows_are_no_rows() -> None:
    total = tf.Variable(np.zeros(3, "float32"))

    @tf.function(reduce_retracing=True)
    def function(x: Any) -> Any:
        total.assign_add(tf.reduce_sum(x, axis=0) + 1.0)
        return tf.reduce_sum(x * 2.0, axis=0), tf.exp(x)

    function(tf.ones((5, 3)))
    sums, values = function(tf.zeros((0, 3)))
    np.testing.assert_array_equal(sums, np.zeros(3))
    assert values.shape == (0, 3)
    np.testing.assert_array_equal(total, np.full(3, 7.0))


def test_a_function_that_does_nothing_works() -> None:
    for shape in ((0, 3), (2, 3), ()):
        np.testing.assert_array_equal(tf.function(lambda x: x)(tf.zeros(shape)), np.zeros(shape))


def test_equal_sizes_that_are_no_batch_are_traced_as_they_are() -> None:
    x = tf.constant(np.arange(16.0, dtype="float32").reshape(4, 4))
    function = tf.function(lambda x, y: x @ y, reduce_retracing=True)
    np.testing.assert_array_equal(function(x, x), x.numpy() @ x.numpy())
    with pytest.raises(InvalidArgumentError):
        tf.function(lambda x, y: x @ y, reduce_retracing=True)(x, tf.zeros((3, 3)))


def test_settings_are_checked() -> None:
    for name, wrong in (
        ("threads", -1), ("threads", 10**6), ("lanes", 3), ("threads", "many"), ("threads", 1.5),
        ("threads", True), ("cache", False), ("object_cache", None), ("verify", "perhaps"),
    ):  # fmt: skip
        with pytest.raises(InvalidArgumentError, match=f"config.{name}"):
            setattr(tf.config, name, wrong)


def test_another_number_of_lanes_is_another_program() -> None:
    function = of_batch(tf.exp)
    x = np.linspace(-1, 1, 33, dtype="float32").reshape(11, 3)
    results = []
    for lanes in (4, 16):
        tf.config.lanes = lanes
        results.append(np.asarray(function(x)))
        program = next(iter(function._traces.programs.values()))
        assert tf.config.lanes == lanes
        key = ("program", "llvm", lanes)
        assert program.graph._cache[key].layout.lanes == lanes
    np.testing.assert_array_equal(*results)


def test_nan_of_either_sign_is_kept_by_extremes() -> None:
    x = tf.constant(np.float32([[1.0, -1.0, 2.0]]))
    odd = np.float32([-np.nan, np.nan, -np.nan])
    odd = np.copysign(odd, np.float32([-1, 1, -1]))
    for extreme in (tf.maximum, tf.minimum):
        for row in (odd, odd[:1].repeat(3)):
            other = tf.constant(row)
            function = tf.function(lambda x, c=other, f=extreme: f(x, c))
            assert np.isnan(np.asarray(function(x))).all()


def test_rows_that_lie_oddly_in_memory() -> None:
    function = of_batch(lambda x: tf.reduce_sum(x * 2.0, axis=-1))
    x = np.random.default_rng(0).normal(size=(9, 6)).astype("float32")
    raw = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:]
    unaligned = np.ndarray(x.shape, "float32", raw)
    record = np.zeros(9, [("a", "f4", 6), ("b", "f8")])
    record["a"] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    for odd in (unaligned, np.asfortranarray(x), x[::-1][::-1], record["a"], frozen):
        np.testing.assert_allclose(function(tf.constant(odd)), x.sum(1) * 2, rtol=1e-5)
    for part in (x[::-1], x[::2], x[:, ::-1], x[2:5]):
        np.testing.assert_allclose(function(tf.constant(part)), part.sum(1) * 2, rtol=1e-5)


def test_a_label_out_of_range_stops_training_before_its_step_counts() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(640, 4)).astype("float32"), draw.integers(0, 3, 640)

    def model() -> Any:
        keras.utils.set_random_seed(1)
        made = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
        made.compile("adam", "sparse_categorical_crossentropy")
        made.build((None, 4))
        return made

    bad = y.copy()
    bad[320] = 7  # in step 10
    wrong, right = model(), model()
    with pytest.raises(tf.errors.OutOfRangeError, match="index 7 is out of range: expected 0 to 2"):
        wrong._training.loss.check = lambda *_: None
        wrong.fit(x, bad, batch_size=32, shuffle=False, verbose=0)
    right.fit(x[:320], y[:320], batch_size=32, shuffle=False, verbose=0)
    assert int(wrong.optimizer.iterations.numpy()) == 10
    for ours, theirs in zip(wrong.get_weights(), right.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    wrong.fit(x, y, batch_size=32, verbose=0)


def test_settings_made_later_are_heard() -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    one = np.ones((1, 3), "float32")
    model.compile("sgd", "mse")
    for _ in range(3):
        expected = model.predict(one, verbose=0)
        model(one)
    assert model._training.serving.is_ready()
    assert model._training.calling.is_ready()
    tf.config.backend = "interp"
    assert not model._training.serving.is_ready()
    np.testing.assert_allclose(model.predict(one, verbose=0), expected, rtol=1e-6)
    tf.config.backend = "llvm"
    seen = []
    step = type(model).predict_step
    model.predict_step = lambda data: seen.append(1) or step(model, data)
    model.run_eagerly = True
    model.predict(one, verbose=0)
    model.predict(one, verbose=0)
    assert len(seen) == 2


def test_threads_that_cannot_start_leave_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []

    def steps(context: int, number: int) -> None:
        ran.append(number)

    assert workers.together(steps, 0, 3)
    assert sorted(ran) == [0, 1, 2]
    pool = workers._pool
    assert pool is not None
    submit, calls = pool.submit, []

    def failing(function: Any, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("can't start new thread")
        return submit(function, *arguments)

    monkeypatch.setattr(pool, "submit", failing)
    ran.clear()
    with pytest.raises(RuntimeError, match="can't start"):
        workers.together(steps, 0, 3)
    assert not ran
    assert pool._free == workers.MOST
    assert not workers.together(steps, 0, workers.MOST + 2)


def test_many_small_tables_and_their_indices() -> None:
    for rows, width in ((20, 3), (5, 9), (40, 33)):
        table = tf.Variable(np.random.default_rng(0).normal(size=(rows, width)).astype("float32"))
        function = of_batch(lambda i, t=table: tf.gather(t, i))
        indices = np.random.default_rng(1).integers(0, rows, (19, 2))
        np.testing.assert_array_equal(function(tf.constant(indices)), table.numpy()[indices])
        with pytest.raises(tf.errors.OutOfRangeError, match=f"index {rows} is out of range"):
            function(tf.constant(np.full((3, 2), rows)))


def test_python_threads_share_a_program() -> None:
    tf.config.threads = 2
    weights = tf.Variable(np.random.default_rng(0).normal(size=(300, 300)).astype("float32"))
    function = of_batch(lambda x: tf.tanh(x @ weights) @ weights)
    inputs = [np.random.default_rng(n).normal(size=(50, 300)).astype("float32") for n in range(6)]
    expected = [np.asarray(function(x)) for x in inputs]
    wrong: list[int] = []

    def work(number: int) -> None:
        found = [np.array_equal(function(inputs[number]), expected[number]) for _ in range(20)]
        if not all(found):
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_floats_beyond_the_range_of_integers_give_its_limits() -> None:
    x = np.array([-3.7, 300.0, 1e38, -1e38, np.nan, np.inf, -0.5, 7.9])
    expected = {
        "int32": [-3, 300, 2**31 - 1, -(2**31), 0, 2**31 - 1, 0, 7],
        "uint8": [0, 255, 255, 0, 0, 255, 0, 7],
        "int64": [-3, 300, 2**63 - 1, -(2**63), 0, 2**63 - 1, 0, 7],
    }
    for dtype, numbers in expected.items():
        for source in ("float32", "float64"):
            tensor = tf.constant(x.astype(source))
            native = tf.function(lambda x, dtype=dtype: tf.cast(x, dtype))(tensor)
            np.testing.assert_array_equal(tf.cast(tensor, dtype), np.array(numbers, dtype))
            np.testing.assert_array_equal(native, np.array(numbers, dtype))


def test_half_precision_converts() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = np.random.default_rng(0).normal(size=(40, 3))
    for dtype in (np.float16, ml_dtypes.bfloat16):
        half = x.astype(dtype)
        assert tf.constant(half).shape == (40, 3)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(half, half[:, :1], verbose=0)
        expected = model.predict(half.astype("float32"), verbose=0)
        np.testing.assert_array_equal(model.predict(half, verbose=0), expected)
    for wide in ("float32", "float64"):
        function = tf.function(lambda x: tf.cast(tf.cast(x, tf.float16), tf.float32) * 2.0)
        found = function(tf.constant(x.astype(wide)))
        np.testing.assert_array_equal(found, x.astype(wide).astype(np.float16) * np.float32(2))


def test_a_predictor_keeps_its_weights_for_every_kind_of_rows() -> None:
    for backend in ("llvm", "interp"):
        tf.config.backend = backend
        model = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
        x = np.random.default_rng(0).normal(size=(700, 7)).astype("float32")
        expected = model(x).numpy()
        predict = model.predictor()
        model.set_weights([weight * 0 for weight in model.get_weights()])
        for rows in (x, x[:1], x.astype("float64"), np.asfortranarray(x), x[::-1][::-1]):
            np.testing.assert_allclose(predict(rows), expected[: len(rows)], rtol=1e-5, atol=1e-6)
        with pytest.raises(InvalidArgumentError, match=r"rows of shape \(rows, 7\)"):
            predict(x[:, :3])
        with pytest.raises(InvalidArgumentError, match="empty"):
            predict(x[:0])


def test_a_model_called_on_rows_hears_of_changed_layers() -> None:
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(2, activation="relu")])
    layer, x = model.layers[0], np.random.default_rng(0).normal(size=(3, 7)).astype("float32")
    for _ in range(3):
        model(x)
    layer.activation = keras.activations.linear
    np.testing.assert_allclose(model(x), x @ layer.kernel.numpy(), rtol=1e-5)
    for _ in range(3):
        model(x), model.predict(x, verbose=0)
    layer.kernel = tf.Variable(layer.kernel.numpy() * 2.0)
    for _ in range(3):
        np.testing.assert_allclose(model(x), x @ layer.kernel.numpy(), rtol=1e-5)


def test_other_work_makes_one_thread_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_crowded_until", 0.0)
    assert not workers.is_crowded()
    workers._judge(0.95)
    assert not workers.was_crowded()
    workers._judge(0.5)
    assert workers.is_crowded()
    for _ in range(10):
        workers._judge(0.5)  # each time the pause is longer, up to two seconds
    assert 1.5 < workers._crowded_until - time.monotonic() < 2.5
    workers._judge(0.95)
    assert workers._pause == workers._FIRST_PAUSE
    tf.config.threads = 2
    weights = np.ones((300, 300), "float32")
    function = of_batch(lambda x: x @ weights)
    together: list[int] = []
    monkeypatch.setattr(workers, "together", lambda *_: together.append(1) or False)
    np.testing.assert_array_equal(function(np.ones((64, 300), "float32")), np.full((64, 300), 300))
    assert not together
    monkeypatch.setattr(workers, "_crowded_until", 1e-9)  # long ago
    function(np.ones((64, 300), "float32"))
    assert together


def test_reshape_that_cuts_rows_keeps_the_order_of_elements() -> None:
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    function = of_batch(lambda x: tf.reduce_sum(tf.reshape(x, (4, -1)) * 2 + 1, axis=1))
    np.testing.assert_array_equal(function(tf.constant(x)), (x.reshape(4, 3) * 2 + 1).sum(1))


@pytest.mark.parametrize("shape", [(B, 3), (B, 3, 2), (4, 3), (40, 3), (3, 40), (2, 3)])
@pytest.mark.parametrize("lanes", [4, 16])
def test_zeros_around_one_number(
    shape: tuple[Any, ...], lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A constant that is padded is no number for every place."""
    monkeypatch.setattr(tf.config, "lanes", lanes)
    before = (*(0 for _ in shape[1:]), 1)
    amounts = {"low": before, "high": tuple(2 * n for n in before), "inner": (0,) * len(shape)}

    def padded(x: Any) -> list[Any]:
        seven = fill(x.spec.shape, 7.0, np.dtype("float32")) if B in shape else None
        number = tf.fill(shape, 7.0) if seven is None else seven
        return [STATE.trace.add(PRIMITIVES["pad"], (number,), amounts)[0]]

    graph, _ = trace_graph("f", padded, [Spec(shape, np.dtype("float32"))])
    x = np.zeros([5 if size is B else size for size in shape], np.float32)
    (found,), (wanted,) = NativeProgram(graph)([x]), interpreter(graph)([x])
    np.testing.assert_array_equal(found, wanted)
