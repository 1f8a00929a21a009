"""Preprocessing layers for numbers: what they learn from, what is refused, native training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram

LAYERS = tf.keras.layers
X = np.random.default_rng(0).normal(3, 2, (100, 3))
STREAMS: dict[str, Any] = {
    "list": lambda: [X[:30], X[30:]],
    "generator": lambda: (part for part in (X[:7], X[7:])),
    "pairs": lambda: [(X[:50], 1), (X[50:], 2)],
    "frame": lambda: pd.DataFrame(X),
    "tensor": lambda: tf.constant(X),
    "nested lists": X.tolist,
    "batches": lambda: tf.data.Dataset.from_tensor_slices(X).batch(16),
    "rows": lambda: tf.data.Dataset.from_tensor_slices(X),
    "with targets": lambda: tf.data.Dataset.from_tensor_slices((X, X[:, 0])).batch(9),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_normalization_learns_from_every_kind_of_data(stream: str) -> None:
    layer = LAYERS.Normalization()
    layer.adapt(STREAMS[stream]())
    np.testing.assert_allclose(layer.weights[0], X.mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.weights[1], X.var(0), rtol=1e-6)
    assert int(layer.weights[2]) == 100


def test_steps_say_how_much_of_a_stream_counts() -> None:
    def endless() -> Any:
        while True:
            yield X[:10]
            yield X[10:20]

    layer = LAYERS.Normalization()
    layer.adapt(endless(), steps=4)
    np.testing.assert_allclose(layer.weights[0], X[:20].mean(0), rtol=1e-6)
    bins = LAYERS.Discretization(num_bins=3)
    bins.adapt(endless(), steps=2)
    assert len(bins.bin_boundaries) == 2


def test_one_column_without_an_axis_normalizes_inputs_of_any_rank() -> None:
    layer = LAYERS.Normalization(input_shape=[1], axis=None)
    layer.adapt(pd.Series([1.0, 2.0, 3.0]))
    deviation = np.sqrt(2 / 3)
    np.testing.assert_allclose(
        layer(np.array([[1.0], [4.0]]))[:, 0], [-1 / deviation, 2 / deviation]
    )
    np.testing.assert_allclose(layer(np.array([1.0, 4.0])), [-1 / deviation, 2 / deviation])
    given = LAYERS.Normalization(mean=3.0, variance=4.0)
    assert given(np.array([1.0, 4.0])).numpy().tolist() == [-1.0, 0.5]


def test_a_layer_that_learns_anew_changes_programs_that_were_traced() -> None:
    model = tf.keras.Sequential([tf.keras.Input((1,)), LAYERS.Discretization(num_bins=2)])
    model.layers[0].adapt(np.arange(5.0))
    x = np.arange(0.0, 5.0)[:, None]
    first = [model.predict(x, verbose=0).ravel().tolist() for _ in range(3)]
    model.layers[0].adapt(np.arange(3.0))
    again = model.predict(x, verbose=0).ravel().tolist()
    assert first[0] == first[2] != again
    assert sum(again) == 5 - int(np.ceil(model.layers[0].bin_boundaries[0]))


def test_boundaries_are_quantiles_of_streams_too() -> None:
    values = np.random.default_rng(1).exponential(size=5000)
    whole, parts = LAYERS.Discretization(num_bins=4), LAYERS.Discretization(num_bins=4)
    whole.adapt(values)
    parts.adapt(tf.data.Dataset.from_tensor_slices(values).batch(700))
    quantiles = np.quantile(values, [0.25, 0.5, 0.75])
    np.testing.assert_allclose(whole.bin_boundaries, quantiles, rtol=0.03)
    np.testing.assert_allclose(parts.bin_boundaries, quantiles, rtol=0.06)


def test_nan_falls_into_the_last_bin_as_in_keras() -> None:
    import keras

    x = np.array([[np.nan, -np.inf, np.inf, 0.0]], np.float32)
    wanted = keras.layers.Discretization([0.0, 1.0])(x)
    assert LAYERS.Discretization([0.0, 1.0])(x).numpy().tolist() == np.asarray(wanted).tolist()


def test_weights_are_counted_in_their_category() -> None:
    layer = LAYERS.CategoryEncoding(4, output_mode="count")
    found = layer([[0, 1], [0, 0], [3, 9]], count_weights=[[0.1, 0.2], [0.1, 0.3], [0.5, 7.0]])
    np.testing.assert_allclose(found, [[0.1, 0.2, 0, 0], [0.4, 0, 0, 0], [0, 0, 0, 0.5]], rtol=1e-6)


def test_scalars_and_lines_are_encoded_as_in_keras() -> None:
    import keras

    for mode in ("one_hot", "multi_hot", "count"):
        ours, theirs = (
            library.layers.CategoryEncoding(3, output_mode=mode) for library in (tf.keras, keras)
        )
        for value in (1, [0, 2], [[0], [2]]):
            wanted = np.asarray(theirs(np.array(value)))
            assert ours(np.array(value)).numpy().tolist() == wanted.tolist(), (mode, value)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_training_behind_bins_is_native(mode: str) -> None:
    inputs = tf.keras.Input((3,))
    found = LAYERS.Discretization([-1.0, 1.0, 3.0], output_mode=mode)(inputs)
    scaled = LAYERS.Rescaling(0.5)(found)
    model = tf.keras.Model(inputs, LAYERS.Dense(1)(LAYERS.Flatten()(scaled)))
    model.compile("sgd", "mse")
    losses = model.fit(X, X[:, 0], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for function in model._training.programs.values():
        for program in function._traces.programs.values():
            assert isinstance(program._compiled(), NativeProgram)


def test_rows_behind_bins_are_predicted_in_any_number() -> None:
    bins = LAYERS.Discretization([-1.0, 1.0, 3.0], output_mode="count")
    model = tf.keras.Sequential([tf.keras.Input((3,)), bins, LAYERS.Dense(2)])
    rows = np.random.default_rng(2).normal(1, 2, (20_000, 3)).astype(np.float32)
    found = model.predict(rows, verbose=0)
    parts = [model.predict_on_batch(rows[start : start + 700]) for start in range(0, 20_000, 700)]
    np.testing.assert_array_equal(found, np.concatenate(parts))
    predict = model.predictor()
    assert type(predict) is type(len)  # machine code
    np.testing.assert_array_equal(predict(rows[:9]), found[:9])
    (program,) = (f for key, f in model._training.programs.items() if key[0] == "predict")
    assert next(iter(program._traces.programs.values())).by_rows()


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda k: k.Discretization(), ValueError, "either bin_boundaries, or num_bins"),
    (lambda k: k.Discretization([1.0], num_bins=2), ValueError, "either bin_boundaries"),
    (lambda k: k.Discretization(num_bins=-1), ValueError, "not negative"),
    (lambda k: k.Discretization([2.0, 1.0]), ValueError, "rising order"),
    (lambda k: k.Discretization([1.0], output_mode="ints"), ValueError, "got 'ints'"),
    (lambda k: k.Discretization([1.0], sparse=True), NotImplementedError, "sparse"),
    (lambda k: k.Discretization([1.0]).adapt(X), RuntimeError, "does not adapt"),
    (lambda k: k.Discretization(num_bins=3)(X), RuntimeError, "no boundaries yet"),
    (lambda k: k.Discretization(num_bins=3).adapt(["a", "b"]), ValueError, "from numbers"),
    (lambda k: k.CategoryEncoding(), ValueError, "IntegerLookup learns"),
    (lambda k: k.CategoryEncoding(0), ValueError, "at least 1"),
    (lambda k: k.CategoryEncoding(2, output_mode="int"), ValueError, "output_mode of"),
    (lambda k: k.CategoryEncoding(2)([1], count_weights=[1.0]), ValueError, "for output_mode"),
    (lambda k: k.Normalization().adapt([]), ValueError, "at least one row"),
    (lambda k: k.Normalization().adapt(7), TypeError, "adapt learns from"),
    (lambda k: k.Normalization().adapt("text"), TypeError, "adapt learns from"),
    (lambda k: k.Normalization().adapt(np.array(["a"])), ValueError, "adapt expects numbers"),
    (lambda k: k.Normalization().adapt([X, X[:, :2]]), ValueError, r"built for \(3,\) features"),
    (lambda k: k.Normalization().adapt(X, steps=3), ValueError, "takes the whole array"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_makes_no_sense_is_refused(number: int) -> None:
    act, error, words = BAD[number]
    with pytest.raises(error, match=words):
        act(LAYERS)
