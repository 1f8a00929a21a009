"""Masks: how they come into being, travel through models, and reach losses and metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras as theirs
import numpy as np
import pytest

import lamina as tf
from lamina.keras.masks import get_mask, keep_mask, masks_of, set_mask

layers = tf.keras.layers
STEPS = np.random.default_rng(0).normal(size=(6, 5, 3)).astype(np.float32)
STEPS[:, 3:] = 0
STEPS[0, 1] = 0
TARGETS = np.random.default_rng(1).normal(size=(6, 5, 2)).astype(np.float32)
COUNTS = (STEPS != 0).any(-1)
Library = Any


def test_masks_go_with_their_tensors() -> None:
    x = tf.constant([1.0, 2.0])
    assert get_mask(x) is None and not hasattr(x, "_keras_mask")
    set_mask(x, tf.constant([True, False]))
    assert keep_mask(x, x + 1)._keras_mask is x._keras_mask
    assert masks_of({"a": x, "b": x + 1}) == {"a": x._keras_mask, "b": None}


class Doubled(layers.Layer):
    """A layer that wants to know the mask."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.seen = mask
        return inputs * 2


class Both(layers.Layer):
    """A layer of two inputs."""

    supports_masking = True

    def call(self, first: Any, second: Any, first_mask: Any = None, second_mask: Any = None) -> Any:
        self.seen = first_mask, second_mask
        return first + second


def test_masks_are_handed_to_call() -> None:
    x = layers.Masking()(STEPS)
    layer, both = Doubled(), Both()
    with pytest.warns(UserWarning, match="does not pass on"):
        assert get_mask(layer(x)) is None
    np.testing.assert_array_equal(layer.seen, COUNTS)
    with pytest.warns(UserWarning, match="does not pass on"):
        layer([x, tf.constant(STEPS)] and x, mask=tf.constant(~COUNTS))
    np.testing.assert_array_equal(layer.seen, ~COUNTS)
    summed = both(x, second=tf.constant(STEPS))
    assert both.seen[1] is None and both.seen[0] is x._keras_mask is get_mask(summed)


def test_a_class_with_compute_mask_supports_masking() -> None:
    class Reversed(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs[:, ::-1]

        def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
            return None if mask is None else mask[:, ::-1]

    assert Reversed().supports_masking and not Doubled().supports_masking
    found = Reversed()(layers.Masking()(STEPS))
    np.testing.assert_array_equal(get_mask(found), COUNTS[:, ::-1])


def test_masks_survive_conversion_to_another_dtype() -> None:
    x = tf.constant(STEPS.astype(np.float64))
    set_mask(x, tf.constant(COUNTS))
    np.testing.assert_array_equal(get_mask(layers.Dense(2)(x)), COUNTS)


def _functional(library: Library) -> Any:
    inputs = library.Input((5, 3))
    x = library.layers.Masking()(inputs)
    return library.Model(inputs, library.layers.Dense(2)(x))


def _sequential(library: Library) -> Any:
    return library.Sequential([library.layers.Masking(), library.layers.Dense(2)])


def _subclassed(library: Library) -> Any:
    class Steps(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.marks = library.layers.Masking()
            self.dense = library.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.dense(self.marks(inputs))

    return Steps()


def _pooled(library: Library) -> Any:
    inputs = library.Input((5, 3))
    x = library.layers.Masking()(inputs)
    x = library.layers.GlobalAveragePooling1D()(library.layers.Dense(4)(x))
    x = library.layers.RepeatVector(5)(x)
    return library.Model(inputs, library.layers.Dense(2)(x))


MODELS = [_functional, _sequential, _subclassed, _pooled]


@pytest.mark.parametrize("make", MODELS)
def test_training_on_masked_steps_is_keras(make: Callable[[Library], Any]) -> None:
    ours, other = make(tf.keras), make(theirs)
    for model in (ours, other):
        model.compile("sgd", "mse", metrics=["mae", "mse"], weighted_metrics=["mse"])
        model(STEPS)
    ours.set_weights([np.asarray(weight) for weight in other.get_weights()])
    weights = np.linspace(0.5, 2, 30).astype(np.float32).reshape(6, 5)
    fitted = [
        model.fit(
            STEPS, TARGETS, sample_weight=weights, batch_size=4, epochs=2, shuffle=False, verbose=0
        )
        for model in (ours, other)
    ]
    losses = [history.history["loss"] for history in fitted]  # in fit, JAX drops masks of metrics
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    for own, wanted in zip(ours.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(own, np.asarray(wanted), rtol=1e-4, atol=1e-6)
    scores, wanted_scores = (
        model.evaluate(
            STEPS, TARGETS, sample_weight=weights, batch_size=4, verbose=0, return_dict=True
        )
        for model in (ours, other)
    )
    assert list(scores) == list(wanted_scores)
    np.testing.assert_allclose(list(scores.values()), list(wanted_scores.values()), rtol=1e-4)


@pytest.mark.parametrize("make", MODELS)
def test_outputs_of_models_have_their_masks(make: Callable[[Library], Any]) -> None:
    model = make(tf.keras)
    masked = make is not _pooled
    for _ in range(3):  # the first call, and those that compiled code might answer
        mask = get_mask(model(STEPS))
        assert (mask is not None) == masked
        assert not masked or np.array_equal(mask, COUNTS)


def test_symbolic_tensors_have_symbolic_masks() -> None:
    inputs = tf.keras.Input((5, 3))
    x = layers.Masking()(inputs)
    assert x._keras_mask.shape == (None, 5) and x._keras_mask.dtype == tf.bool
    shares = layers.Softmax(axis=1)(layers.Dense(1)(inputs), mask=x._keras_mask[:, :, None])
    found = tf.keras.Model(inputs, shares)(STEPS)
    np.testing.assert_array_equal(found.numpy()[..., 0] > 0, COUNTS)
    assert get_mask(layers.GlobalAveragePooling1D()(x)) is None


def test_models_inside_of_models_get_masks() -> None:
    inner = tf.keras.Sequential([layers.Dense(4), layers.GlobalAveragePooling1D()])
    inputs = tf.keras.Input((5, 3))
    model = tf.keras.Model(inputs, inner(layers.Masking()(inputs)))
    kernel, bias = model.get_weights()
    rows = (STEPS @ kernel + bias) * COUNTS[..., None]
    wanted = rows.sum(1) / COUNTS.sum(1, keepdims=True)
    np.testing.assert_allclose(model(STEPS), wanted, rtol=1e-5, atol=1e-6)
    found = inner(STEPS, mask=tf.constant(COUNTS))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [layers.Add(), layers.Concatenate()])
def test_masks_may_be_numbers(layer: Any) -> None:
    steps = [STEPS, STEPS]
    masks = [tf.cast(COUNTS, "float32"), tf.zeros_like(COUNTS, "float32")]
    wanted = layer.compute_mask(steps, [tf.constant(COUNTS), tf.zeros_like(COUNTS)])
    assert wanted.dtype == "bool"
    np.testing.assert_array_equal(layer.compute_mask(steps, masks), wanted)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mask of shape \(2,\)"):
        layers.Softmax()(np.ones((2, 3)), mask=tf.constant([True, False]))
    with pytest.raises(ValueError, match="one mask"):
        layers.Add().compute_mask([STEPS, STEPS], [COUNTS])


def _merged(library: Library) -> Any:
    inputs = library.Input((5, 3))
    first = library.layers.Dense(4)(library.layers.Masking()(inputs))
    second = library.layers.Dense(4)(library.layers.Masking(1.0)(inputs))
    x = library.layers.Add()([first, second])
    x = library.layers.Multiply()([library.layers.Maximum()([x, second]), first])
    x = library.layers.Concatenate()([x, second])
    return library.Model(inputs, library.layers.GlobalAveragePooling1D()(x))


@pytest.mark.parametrize("make", [_functional, _pooled, _merged])
def test_models_with_masks_travel_both_ways(make: Callable[[Library], Any], tmp_path: Path) -> None:
    """Keras writes the operations that make a mask into a file, and hands masks on by name."""
    other = make(theirs)
    other.save(tmp_path / "theirs.keras")
    ours = tf.keras.models.load_model(tmp_path / "theirs.keras")
    wanted = np.asarray(other(STEPS))
    np.testing.assert_allclose(ours(STEPS), wanted, rtol=1e-5, atol=1e-6)
    ours.save(tmp_path / "ours.keras")
    again = theirs.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(np.asarray(again(STEPS)), wanted, rtol=1e-5, atol=1e-6)
