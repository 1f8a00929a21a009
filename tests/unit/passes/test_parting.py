"""Steps in parts: what is done before the first step, and where that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram
from lamina.ir.graph import Graph
from lamina.ir.interpret import interpreter
from lamina.passes.parting import part
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function
from lamina.tensor.program import Prepared, Program

WORDS = np.array([[b"a"], [b"bb"], [b"cc"], [b""]], object)
NUMBERS = np.arange(8, dtype=np.float32).reshape(4, 2)


def _program(function: Any, *data: Any) -> tuple[Program, Graph]:
    program = Function(function, symbolic_batch=True).program_for(*map(tf.constant, data))
    return program, optimize(program.graph)


def test_the_parts_give_what_the_whole_gives() -> None:
    scale = tf.Variable(3.0)

    def step(words: Any, numbers: Any) -> Any:
        known = tf.concat([words == "bb", words == "a"], 1)
        sizes = tf.cast(tf.strings.length(words), tf.float32)
        return tf.where(known, numbers * sizes * scale, numbers)

    program, graph = _program(step, WORDS, NUMBERS)
    parts = part(graph, 2)
    assert parts is not None and parts.kept == (1,)
    assert not any(value.spec.dtype.kind == "O" for value in parts.rest.inputs)
    prepared = Prepared(parts)([WORDS, NUMBERS])
    np.testing.assert_array_equal(prepared[0], NUMBERS)
    inputs = [*prepared, scale.numpy()]
    (found,) = NativeProgram(parts.rest)([np.asarray(array) for array in inputs])
    (wanted,) = interpreter(program.graph)([WORDS, NUMBERS, scale.numpy()])
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    "step",
    [
        lambda words, numbers: tf.strings.join([words, words]),  # strings come out
        lambda words, numbers: tf.reduce_sum(tf.strings.length(words), 0),  # over rows, natively
        lambda words, numbers: tf.strings.as_string(tf.reduce_sum(numbers)) == words,
        lambda words, numbers: tf.strings.length(tf.strings.as_string(tf.cumsum(numbers, 0))),
        lambda words, numbers: tf.strings.as_string(tf.shape(words)[0]) == words,
        lambda words, numbers: numbers * 2.0,  # there are no strings
    ],
)
def test_what_knows_of_other_rows_stays_in_the_steps(step: Any) -> None:
    _, graph = _program(step, WORDS, NUMBERS)
    parts = part(graph, 2)
    if parts is not None:
        assert all(node.primitive.name != "reduce_sum" for node in parts.first.nodes)
        assert any(node.primitive.name == "reduce_sum" for node in parts.rest.nodes)


def test_variables_stay_in_the_steps() -> None:
    width = tf.Variable(2)
    _, graph = _program(lambda words: tf.strings.substr(words, 0, width), WORDS)
    assert part(graph, 1) is None


def test_strings_are_prepared_once_and_buffers_of_numbers_each_time() -> None:
    calls = []

    def counted(words: Any) -> Any:
        calls.append(len(words))
        return len(words)

    from lamina.core.dtypes import INT32
    from lamina.prims.text import map_text

    for data, again in ((WORDS, 0), (NUMBERS.astype(np.int64), 8)):
        calls.clear()
        _, graph = _program(
            lambda x: map_text(lambda item: counted(str(item)), x, dtype=INT32), data
        )
        parts = part(graph, 1)
        assert parts is not None
        prepared = Prepared(parts)
        first = prepared([data])[0]
        done = len(calls)
        np.testing.assert_array_equal(prepared([data])[0], first)
        assert len(calls) - done == again


def test_training_on_strings_is_native() -> None:
    layers = tf.keras.layers
    lookup = layers.StringLookup(vocabulary=["a", "bb"], output_mode="one_hot")
    model = tf.keras.Sequential(
        [tf.keras.Input((1,), dtype="string"), lookup, layers.Dense(1, use_bias=False)]
    )
    model.compile(tf.keras.optimizers.SGD(0.5), "mse")
    x, y = np.tile(WORDS, (50, 1)), np.tile([1.0, 2.0, 3.0, 3.0], 50)
    model.fit(x, y, epochs=30, batch_size=20, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0].ravel(), [3, 1, 2], atol=1e-3)
    (train,) = (f for key, f in model._training.programs.items() if key[0] == "train")
    (program,) = train._traces.programs.values()
    steps = program.steps([x, np.asarray(y, np.float32)], 200, 20)
    assert steps is not None and program._compiled() is None
    steps.close()
