"""Layers around functions and layers, and vectors for integers."""

from __future__ import annotations

import json
from typing import Any

import keras as theirs
import numpy as np
import pytest

import lamina as tf
from lamina.keras.masks import get_mask

layers = tf.keras.layers
ROWS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


@tf.keras.saving.register_keras_serializable(package="tests")
@theirs.saving.register_keras_serializable(package="tests")
def shifted(x: Any, by: float = 1.0, training: Any = None) -> Any:
    return x + by if training else x - by


def first_two(x: Any) -> Any:
    return x[:, :2]


def test_a_lambda_passes_arguments_training_and_masks() -> None:
    layer = layers.Lambda(shifted, arguments={"by": 2.0})
    np.testing.assert_array_equal(layer(ROWS), ROWS - 2)
    np.testing.assert_array_equal(layer(ROWS, training=True), ROWS + 2)
    seen = []
    masked = layers.Lambda(
        lambda x, mask: seen.append(mask) or x * 2, mask=lambda inputs, mask: ~mask
    )
    x = layers.Masking()(np.stack([ROWS, np.zeros_like(ROWS)], 1))
    np.testing.assert_array_equal(get_mask(masked(x)), [[False, True]] * 5)
    assert seen[-1] is get_mask(x) and masked.supports_masking


@pytest.mark.parametrize(
    ("output_shape", "wanted"),
    [(None, (None, 2)), ((7,), (None, 7)), (lambda shape: (*shape, 1), (None, 3, 1))],
)
def test_the_shape_of_a_lambda(output_shape: Any, wanted: tuple[Any, ...]) -> None:
    for library in (tf.keras, theirs):
        layer = library.layers.Lambda(first_two, output_shape=output_shape)
        assert tuple(layer.compute_output_shape((None, 3))) == wanted


def test_a_registered_function_travels() -> None:
    layer = layers.Lambda(shifted, output_shape=(3,), arguments={"by": 2.0}, name="shift")
    other = theirs.layers.Lambda(shifted, output_shape=(3,), arguments={"by": 2.0}, name="shift")
    config, wanted = (
        json.loads(json.dumps(library.layers.serialize(made)))
        for library, made in ((tf.keras, layer), (theirs, other))
    )
    assert config["config"].keys() == wanted["config"].keys()
    for library in (tf.keras, theirs):
        for text in (config, wanted):
            with library.saving.custom_object_scope({"tests>shifted": shifted}):
                copy = library.layers.deserialize(json.loads(json.dumps(text)))
            np.testing.assert_array_equal(np.asarray(copy(ROWS)), ROWS - 2)


def test_no_lambda_is_made_of_what_a_file_says() -> None:
    written = theirs.layers.serialize(theirs.layers.Lambda(lambda x: x * 2))
    with pytest.raises(NotImplementedError, match="never runs code from a file"):
        tf.keras.layers.deserialize(json.loads(json.dumps(written)))


def test_a_lambda_trains_natively_in_a_model() -> None:
    model = tf.keras.Sequential(
        [layers.Dense(4), layers.Lambda(tf.square, name="square"), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    before = model.evaluate(ROWS, ROWS[:, :1], verbose=0)
    model.fit(ROWS, ROWS[:, :1], epochs=5, verbose=0)
    assert model.evaluate(ROWS, ROWS[:, :1], verbose=0) < before


class Twice(layers.Wrapper):
    """A wrapper as people write it."""

    def call(self, inputs: Any) -> Any:
        return self.layer(inputs) * 2


def test_wrappers_build_and_own_what_they_wrap() -> None:
    layer = Twice(layers.Dense(2, name="inside"))
    found = layer(ROWS)
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(found, 2 * (ROWS @ kernel + bias), rtol=1e-5)
    assert layer.layer.built and layer.layer.name == "inside"
    with pytest.raises(ValueError, match="wraps a layer; got int"):
        layers.Wrapper(3)
    with pytest.raises(ValueError, match="rank 3"):
        layers.TimeDistributed(layers.Dense(2))(ROWS)


def test_embeddings_begin_with_given_vectors() -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    for weights in (vectors, [vectors]):
        layer = layers.Embedding(3, 2, weights=weights)
        np.testing.assert_array_equal(layer(np.array([[2, 0]])), vectors[[[2, 0]]])
        again = layers.Embedding.from_config(layer.get_config())
        assert "weights" not in layer.get_config() and again.input_dim == 3
    with pytest.warns(UserWarning, match="input_length"):
        assert "input_length" not in layers.Embedding(3, 2, input_length=4).get_config()
    with pytest.raises(IndexError):
        layer(np.array([3]))
    for arguments in ((0, 2), (2.0, 2), (3, -1)):
        with pytest.raises(ValueError, match="positive integer"):
            layers.Embedding(*arguments)


def test_embeddings_of_categories_train() -> None:
    """Entities of categorical columns beside numbers, as in models for tables."""
    draw = np.random.default_rng(1)
    days, size = draw.integers(0, 7, 200), draw.normal(size=(200, 1)).astype(np.float32)
    target = np.sin(days)[:, None] + size
    day, number = tf.keras.Input((1,), dtype="int32"), tf.keras.Input((1,))
    x = layers.Flatten()(layers.Embedding(7, 4)(day))
    x = layers.Concatenate()([x, number])
    model = tf.keras.Model([day, number], layers.Dense(1)(layers.Dense(16, "relu")(x)))
    model.compile(tf.keras.optimizers.Adam(0.02), "mse")
    history = model.fit([days[:, None], size], target, epochs=20, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]


@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_reversible_embedding_goes_back(tie_weights: bool) -> None:
    arguments = {"tie_weights": tie_weights, "logit_soft_cap": 0.1}
    ours, other = (k.layers.ReversibleEmbedding(5, 3, **arguments) for k in (tf.keras, theirs))
    for layer in (ours, other):
        layer(np.array([1, 2]))
    ours.set_weights([np.asarray(weight) for weight in other.get_weights()])
    np.testing.assert_allclose(
        ours(ROWS, reverse=True), np.asarray(other(ROWS, reverse=True)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "words"),
    [
        ("ab->a", 2, None, "form"),
        ("ab...,bc->...ac", 2, None, "form"),
        ("ab,bc->ac", (2, 3), None, "output_shape has a size"),
        ("abc,cd->abd", (7, 4), None, "'b' .* is 3 in the inputs and 7"),
        ("ab,bc->ac", 2, "x", "letters of the outputs"),
        ("ab,bcd->ad", 2, None, "size of 'c'"),
        ("abc,bc->ad", 2, None, "neither inputs nor kernel"),
        ("ab,bc->ac", None, None, "a size or a list"),
    ],
)
def test_equations_that_make_no_layer(
    equation: str, output_shape: Any, bias_axes: Any, words: str
) -> None:
    shape = (5, 3, 2) if equation.startswith("abc") else (5, 3)
    with pytest.raises((ValueError, TypeError), match=words):
        layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)(np.ones(shape))


def test_the_kernel_of_an_einsum_is_scaled_by_its_own_inputs() -> None:
    layer = layers.EinsumDense("abc,cde->abde", (2, 100, 50), kernel_initializer="lecun_normal")
    layer(np.ones((1, 2, 40)))
    assert layer.kernel.numpy().std() == pytest.approx(40**-0.5, rel=0.02)
    assert layer.kernel_initializer.input_axes is None


def test_models_of_categories_are_called_by_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "backend", "llvm")
    model = tf.keras.Sequential(
        [tf.keras.Input((4,), dtype="int32"), layers.Embedding(9, 3), layers.Flatten()]
    )
    rows = np.array([[1, 2, 3, 8]], np.int32)
    wanted = model(rows).numpy()
    np.testing.assert_array_equal(model(rows), wanted)
    calling = model._training.calling
    assert calling.is_ready()
    hand_on = calling.function(rows.astype(np.int64)), calling.function(rows)
    np.testing.assert_array_equal(*hand_on)
    np.testing.assert_array_equal(model(rows), wanted)
    predict = model.predictor()
    assert type(predict).__name__ == "builtin_function_or_method"
    np.testing.assert_array_equal(predict(rows), wanted)
    with pytest.raises(IndexError):
        predict(rows + 1)
