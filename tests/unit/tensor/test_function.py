"""tf.function: traces, signatures, variables, randomness, errors."""

from __future__ import annotations

import functools
import gc
import inspect
import logging

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import FailedPreconditionError, InvalidArgumentError
from lamina.tensor.function import Function


def test_python_code_runs_once_a_kind_of_arguments() -> None:
    runs = []

    @tf.function
    def double(x: tf.Tensor, by: int = 2) -> tf.Tensor:
        runs.append(x.shape)
        return x * by

    assert double(tf.constant([1.0, 2.0])).numpy().tolist() == [2.0, 4.0]
    double(np.array([3.0, 4.0], np.float32))
    assert len(runs) == 1
    double(tf.constant([1.0]))
    double(tf.constant([1.0]), by=3)
    assert len(runs) == 3 == double.trace_count


def test_one_trace_for_every_batch_size() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def mean(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(x, axis=0)

    for rows in (1, 4, 7):
        x = np.random.default_rng(rows).normal(size=(rows, 3)).astype(np.float32)
        np.testing.assert_allclose(mean(x), x.mean(0), rtol=1e-5)
    assert mean.trace_count == 1
    with pytest.raises(InvalidArgumentError, match="expects"):
        mean(tf.ones((2, 4)))


def test_code_that_needs_its_sizes_is_traced_for_each() -> None:
    reverse = Function(lambda x: x[::-1], symbolic_batch=True)
    for rows in (2, 3, 2):
        x = np.arange(rows, dtype=np.float32)
        np.testing.assert_array_equal(reverse(tf.constant(x)), x[::-1])
    assert reverse.trace_count == 2


def test_variables_are_read_and_written_through_the_program() -> None:
    v = tf.Variable(1.0)

    @tf.function
    def step(x: tf.Tensor) -> tf.Tensor:
        v.assign_add(x)
        doubled = v * 2.0
        v.assign_add(x)
        return doubled

    assert float(step(tf.constant(1.0))) == 4.0 and float(v) == 3.0
    v.assign(10.0)
    assert float(step(tf.constant(1.0))) == 22.0 and float(v) == 12.0


def test_structures_go_in_and_come_out() -> None:
    @tf.function
    def swap(pair: tuple[tf.Tensor, tf.Tensor], names: dict[str, tf.Tensor]) -> dict:
        return {"pair": (pair[1], pair[0]), "n": names["n"] + 1, "kind": "swap", "none": None}

    found = swap((tf.constant(1), tf.constant(2)), {"n": tf.constant(3)})
    assert int(found["pair"][0]) == 2 and int(found["n"]) == 4
    assert found["kind"] == "swap" and found["none"] is None


def test_gradients_through_a_function_and_inside_of_one() -> None:
    w = tf.Variable([[2.0]])

    @tf.function
    def cube(x: tf.Tensor) -> tf.Tensor:
        return (x @ w) ** 3

    @tf.function
    def slope(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            y = cube(x)
        return tape.gradient(y, w)

    x = tf.constant([[1.0]])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = cube(x)
        first = inner.gradient(y, w)
    assert float(first[0, 0]) == 12.0
    assert float(outer.gradient(first, w)[0, 0]) == 12.0
    assert float(slope(x)[0, 0]) == 12.0


def test_random_numbers_are_new_in_every_run() -> None:
    draw = tf.function(lambda: tf.random.normal((3,)))
    tf.random.set_seed(7)
    first, second = draw().numpy(), draw().numpy()
    assert not np.array_equal(first, second)
    tf.random.set_seed(7)
    np.testing.assert_array_equal(draw(), first)


def test_methods_have_programs_of_their_own() -> None:
    class Scale:
        def __init__(self, by: float) -> None:
            self.by = tf.Variable(by)

        @tf.function
        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            return x * self.by

    two, three = Scale(2.0), Scale(3.0)
    assert float(two(tf.constant(1.0))) == 2.0 and float(three(tf.constant(1.0))) == 3.0


def test_decisions_in_python_name_the_line_and_the_cure() -> None:
    @tf.function(autograph=False)
    def choose(x: tf.Tensor) -> tf.Tensor:
        if x > 0:
            return x
        return -x

    with pytest.raises(TypeError, match=r"test_function\.py:\d+.*tf\.cond"):
        choose(tf.constant(1.0))


def test_a_symbol_that_escapes_is_told() -> None:
    kept = []

    @tf.function
    def leak(x: tf.Tensor) -> tf.Tensor:
        kept.append(x * 2)
        return x

    leak(tf.constant(1.0))
    with pytest.raises(FailedPreconditionError, match="traced"):
        kept[0] + 1.0


def test_run_functions_eagerly() -> None:
    runs = []

    @tf.function
    def count(x: tf.Tensor) -> tf.Tensor:
        runs.append(1)
        return x

    tf.config.run_functions_eagerly(True)
    try:
        count(tf.constant(1.0))
        count(tf.constant(1.0))
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(runs) == 2


def test_concrete_functions() -> None:
    square = tf.function(lambda x: x * x)
    concrete = square.get_concrete_function(tf.TensorSpec([None], tf.float32))
    assert concrete(tf.constant([1.0, 3.0])).numpy().tolist() == [1.0, 9.0]
    assert "multiply" in square.show() or concrete.graph.nodes


def test_methods_belong_to_one_instance() -> None:
    class Scale:
        __slots__ = ("factor", "label")

        def __init__(self, label: str, factor: float) -> None:
            self.label, self.factor = label, factor

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Scale) and self.label == other.label

        def __hash__(self) -> int:
            return hash(self.label)

        @tf.function
        def apply(self, x: tf.Tensor) -> tf.Tensor:
            return x * self.factor

    first, second = Scale("same", 2.0), Scale("same", 3.0)
    assert [float(scale.apply(tf.constant(1.0))) for scale in (first, second)] == [2.0, 3.0]
    assert first.apply.trace_count == 1


def test_a_method_keeps_its_instance() -> None:
    class Add:
        def __init__(self, amount: float) -> None:
            self.amount = amount

        @tf.function
        def apply(self, x: tf.Tensor) -> tf.Tensor:
            return x + self.amount

    method = Add(2.0).apply
    assert float(method(tf.constant(1.0))) == 3.0
    function = vars(Add)["apply"]
    assert len(function._traces_of) == 1
    del method
    gc.collect()
    assert len(function._traces_of) == 0


def test_arguments_are_kept_apart() -> None:
    @tf.function
    def inverse(x: float) -> tf.Tensor:
        return 1 / tf.constant(x)

    assert inverse(0.0).numpy() == np.inf and inverse(-0.0).numpy() == -np.inf
    inverse(np.nan)
    inverse(np.nan)
    assert inverse.trace_count == 3

    @tf.function
    def length(variable: tf.Variable) -> int:
        return len(variable)

    # Variables come and go, maybe at the same address: each keeps the length it was traced for.
    assert [int(length(tf.Variable(tf.zeros(n)))) for n in range(1, 9)] == list(range(1, 9))


def test_numbers_of_numpy_are_tensors() -> None:
    @tf.function
    def double(x: tf.Tensor) -> tf.Tensor:
        return x * 2

    assert [double(np.float32(n)).numpy() for n in range(3)] == [0, 2, 4]
    assert double.trace_count == 1


def test_numbers_come_back_as_tensors() -> None:
    @tf.function
    def results(x: tf.Tensor) -> dict[str, object]:
        return {"x": x, "three": 3, "pi": 3.14, "array": np.ones(2), "none": None, "text": "a"}

    @tf.function
    def runs_eagerly(x: tf.Tensor) -> dict[str, object]:
        return results.python_function(tf.constant(float(x)))

    for call in (results, runs_eagerly):
        found = call(tf.constant(1.0))
        assert found["none"] is None and found["text"].numpy() == b"a"
        assert found["three"].dtype == tf.int32 and found["pi"].dtype == tf.float32
        assert found["array"].numpy().tolist() == [1, 1]


def test_results_do_not_share_the_callers_arrays() -> None:
    variable = tf.Variable(tf.zeros(2))

    @tf.function
    def store(x: tf.Tensor) -> tf.Tensor:
        variable.assign(x)
        return x[::-1]

    array = np.ones(2, np.float32)
    result = store(array)
    array[:] = 9
    assert result.numpy().tolist() == variable.numpy().tolist() == [1, 1]


def test_a_signature_converts_its_arguments() -> None:
    spec = tf.TensorSpec([], tf.float32)

    @tf.function(input_signature=[spec, spec])
    def subtract(y: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        return y - x

    assert float(subtract(5, 1.0)) == float(subtract(x=np.float64(1), y=tf.Variable(5.0))) == 4
    assert subtract.trace_count == 1
    with pytest.raises(InvalidArgumentError, match="2 tensors; got 1"):
        subtract(1.0)
    with pytest.raises(TypeError, match="unexpected keyword"):
        subtract(1.0, 2.0, z=2.0)


def test_open_sizes_may_differ() -> None:
    spec = tf.TensorSpec([None], tf.float32)

    @tf.function(input_signature=[spec, spec])
    def join(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        return tf.concat([a, b], 0)

    assert join([1], [2]).shape == (2,) and join([1, 2], [3]).shape == (3,)


def test_concrete_functions_check_their_tensors() -> None:
    spec = tf.TensorSpec([None], tf.float32)
    add = tf.function(lambda a, b: a + b).get_concrete_function(spec, spec)
    one, two = tf.ones(1), tf.ones(2)
    assert add(one, one).numpy().tolist() == [2] and add(two, two).shape == (2,)
    assert add(one, two).shape == (2,)  # traced for these sizes
    for arguments, message in [
        ((tf.ones((1, 1)), one), r"takes TensorSpec.*None.*; got float32\[1, 1\]"),
        ((tf.cast(one, tf.int32), one), r"got int32\[1\]"),
        ((one,), "takes 2 tensors; got 1"),
    ]:
        with pytest.raises(InvalidArgumentError, match=message):
            add(*arguments)


def test_a_program_keeps_the_arrays_that_it_was_traced_with() -> None:
    weights = np.ones(2, np.float32)
    weigh = tf.function(lambda x: x * weights)
    assert weigh(tf.ones(2)).numpy().tolist() == [1, 1]
    weights[:] = 9
    assert weigh(tf.ones(2)).numpy().tolist() == [1, 1]


# Signatures ---------------------------------------------------------------------------------------


def test_signatures_may_be_nested_and_have_open_sizes() -> None:
    pair = {"a": tf.TensorSpec([None, None], tf.float32), "b": [tf.TensorSpec([], tf.int32)]}

    @tf.function(input_signature=[pair])
    def scaled(given: dict) -> tf.Tensor:
        return given["a"] * tf.cast(given["b"][0], tf.float32)

    assert scaled({"a": [[1.0, 2.0]], "b": [3]}).numpy().tolist() == [[3, 6]]
    assert scaled({"b": [2], "a": np.ones((3, 1), np.float32)}).shape == (3, 1)
    for wrong in ({"a": [[1.0]]}, {"a": [1.0], "b": [3]}, {"a": [[1.0]], "b": [3.5]}):
        with pytest.raises(TypeError, match=r"expects|structures|2 tensors"):
            scaled(wrong)
        with pytest.raises(InvalidArgumentError):
            scaled(wrong)
    with pytest.raises(TypeError, match="TensorSpec only"):
        tf.function(lambda x: x, input_signature=[3])


def test_concrete_functions_are_called_by_name_and_tell_their_signature() -> None:
    @tf.function
    def power(a: tf.Tensor, b: int = 2) -> tf.Tensor:
        return a**b

    square = power.get_concrete_function(a=tf.TensorSpec([None], tf.float32), b=2)
    assert square(tf.constant([10.0])).numpy().tolist() == [100]
    assert square(a=tf.constant([3.0])).numpy().tolist() == [9]
    with pytest.raises(TypeError, match="traced for b=2; got 3"):
        square(tf.constant([10.0]), b=3)
    args, kwargs = square.structured_input_signature
    assert args == (tf.TensorSpec([None], tf.float32), 2) and kwargs == {}
    assert args[0].name == "a"
    assert square.structured_outputs == tf.TensorSpec([None], tf.float32)
    assert len(square.inputs) == len(square.outputs) == 1
    assert square.graph.as_graph_def().node[0].op == "Placeholder"
    text = str(square)
    assert "a (POSITIONAL_OR_KEYWORD): TensorSpec(shape=(None,)" in text and "Output Type" in text
    power(tf.ones(3), 3)
    assert power.pretty_printed_concrete_signatures().count("Input Parameters") == 2
    any_rank = power.get_concrete_function(a=tf.TensorSpec(None, tf.float32), b=3)
    assert float(any_rank(tf.constant(2.0))) == 8 and any_rank(tf.ones((2, 2))).shape == (2, 2)


def test_what_a_concrete_function_reads_besides() -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    read = tf.function(lambda: v * 2.0).get_concrete_function()
    assert [variable is v for variable in read.variables] == [True]
    assert read().numpy().tolist() == [2, 4] and "Captures:\n  None" not in str(read)


# Kinds of arguments -------------------------------------------------------------------------------


def test_structures_and_names_of_arguments_are_kept_apart() -> None:
    @tf.function
    def joined(x: list, y: list) -> tf.Tensor:
        return tf.constant([len(x), len(y)]) + 0

    one = tf.constant(1)
    assert joined([one, one], [one]).numpy().tolist() == [2, 1]
    assert joined([one], [one, one]).numpy().tolist() == [1, 2]

    @tf.function
    def named(x: tf.Tensor, by: int = 2, *, plus: int = 0) -> tf.Tensor:
        return x * by + plus

    assert int(named(one, 3)) == int(named(one, by=3)) == int(named(by=3, x=one)) == 3
    assert named.trace_count == 1
    assert int(named(one, plus=4)) == 6


def test_what_can_be_a_function() -> None:
    def scale(factor: float, x: tf.Tensor) -> tf.Tensor:
        if x > 0:
            return x * factor
        return -x * factor

    class Scale:
        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            return scale(2.0, x)

        def method(self, x: tf.Tensor) -> tf.Tensor:
            return scale(2.0, x)

    x = tf.constant(-3.0)
    for thing in (functools.partial(scale, 2.0), Scale(), Scale().method):
        traced = tf.function(thing)
        assert float(traced(x)) == 6 and traced.trace_count == 1
    again = tf.function(traced)
    assert again is traced


def test_many_traces_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    @tf.function
    def square(x: tf.Tensor) -> tf.Tensor:
        return x * x

    with caplog.at_level(logging.WARNING, "lamina"):
        for size in range(1, 5):
            square(tf.ones(size))
        assert not caplog.records
        square(tf.ones(5))
        assert "5 out of the last 5 calls to square" in caplog.text
        for size in range(6, 30):
            square(tf.ones(size))
    assert len(caplog.records) == 2

    relaxed = tf.function(lambda x: x * x, experimental_relax_shapes=True)
    for size in range(1, 10):
        relaxed(tf.ones(size))
    assert relaxed.trace_count == 1


def test_the_backend_may_change_between_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    double = tf.function(lambda x: x * 2)
    for backend in ("interp", "llvm", "interp"):
        monkeypatch.setattr(tf.config, "backend", backend)
        assert double(tf.ones(3)).numpy().tolist() == [2, 2, 2]


def test_methods_have_the_signature_of_a_method() -> None:
    class Scale(tf.Module):
        @tf.function
        def scaled(self, x: tf.Tensor, by: float = 2.0) -> tf.Tensor:
            return x * by

    scale = Scale()
    assert list(inspect.signature(scale.scaled).parameters) == ["x", "by"]
    assert float(scale.scaled(tf.constant(2.0), by=3.0)) == 6
