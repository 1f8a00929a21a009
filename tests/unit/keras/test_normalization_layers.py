"""Normalization layers: trained like Keras's, natively; frozen, masked, half precision, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram

RENORM = {"renorm": True, "renorm_clipping": {"rmax": 3.0, "rmin": 0.3, "dmax": 5.0}}
LAYERS: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"momentum": 0.9},
    "BatchNormalization[renorm]": RENORM,
    "LayerNormalization": {},
    "GroupNormalization": {"groups": 2},
    "RMSNormalization": {},
    "UnitNormalization": {},
}


def _twins(name: str) -> tuple[Any, Any, Any, Any]:
    """The same network in Keras and here."""
    import keras

    models = []
    for library in (keras, tf.keras):
        layers = library.layers
        normalization = getattr(layers, name.partition("[")[0])(**LAYERS[name])
        parts = [layers.Dense(8, activation="tanh"), normalization]
        parts += [layers.Dense(8, activation="tanh"), layers.Dense(1)]
        models.append(library.Sequential([library.Input((6,)), *parts]))
    models[1].set_weights(models[0].get_weights())
    return models[0], models[1], keras, tf.keras


def _data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.normal(1, 2, (100, 6)).astype(np.float32)
    return x, np.sin(x @ rng.normal(size=6)).astype(np.float32)


@pytest.mark.parametrize("name", LAYERS)
def test_training_gives_the_weights_of_keras_natively(name: str) -> None:
    theirs, ours, *libraries = _twins(name)
    x, y = _data()
    for model, library in zip((theirs, ours), libraries, strict=True):
        model.compile(library.optimizers.Adam(0.01), "mse")
        model.fit(x, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=2e-5)
    for function in ours._training.programs.values():
        for program in function._traces.programs.values():
            assert isinstance(program._compiled(), NativeProgram)
    wanted = np.asarray(theirs(x, training=False))
    np.testing.assert_allclose(ours.predict(x, verbose=0), wanted, rtol=1e-4, atol=2e-5)


def test_a_frozen_batch_normalization_uses_and_keeps_its_moving_statistics() -> None:
    x, y = _data()
    layers = tf.keras.layers
    frozen = layers.BatchNormalization(trainable=False)
    model = tf.keras.Sequential([tf.keras.Input((6,)), frozen, layers.Dense(1)])
    before = frozen.get_weights()
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=2, verbose=0)
    for left, right in zip(frozen.get_weights(), before, strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(frozen(x, training=True), frozen(x, training=False))
    np.testing.assert_allclose(frozen(x, training=True), x / np.sqrt(1.001), rtol=1e-5)


def test_masked_steps_do_not_count_in_batch_statistics() -> None:
    import keras

    x = np.random.default_rng(1).normal(size=(5, 4, 3)).astype(np.float32)
    mask = np.arange(4) < np.array([[1], [4], [2], [3], [4]])
    ours, theirs = tf.keras.layers.BatchNormalization(), keras.layers.BatchNormalization()
    for _ in range(2):
        found = ours(x, training=True, mask=tf.constant(mask))
        wanted = theirs(x, training=True, mask=keras.ops.convert_to_tensor(mask))
    np.testing.assert_allclose(found, np.asarray(wanted), rtol=1e-5, atol=1e-6)
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="one axis less than the inputs"):
        ours(x, training=True, mask=tf.constant(np.ones((5, 4, 3), bool)))


def test_spectral_normalization_divides_the_kernel_in_training_as_in_keras() -> None:
    import keras

    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    pair = [k.layers.SpectralNormalization(k.layers.Dense(3), 2) for k in (tf.keras, keras)]
    for layer in pair:
        layer.build((None, 4))
    pair[0].set_weights(pair[1].get_weights())
    for _ in range(2):
        found, wanted = (layer(x, training=True) for layer in pair)
        np.testing.assert_allclose(found, np.asarray(wanted), rtol=1e-5, atol=1e-6)
    for left, right in zip(pair[0].get_weights(), pair[1].get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_spectral_normalization_trains_natively_and_leaves_zeros() -> None:
    layers = tf.keras.layers
    normalized = layers.SpectralNormalization(layers.Dense(8, activation="tanh"), 5)
    model = tf.keras.Sequential([tf.keras.Input((6,)), normalized, layers.Dense(1)])
    model.compile(tf.keras.optimizers.Adam(0.01), "mse")
    x, y = _data()
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for function in model._training.programs.values():
        for program in function._traces.programs.values():
            assert isinstance(program._compiled(), NativeProgram)
    normalized(x, training=True)
    largest = np.linalg.svd(normalized.layer.kernel.numpy(), compute_uv=False)[0]
    assert abs(largest - 1) < 0.05
    vectors = layers.SpectralNormalization(layers.Embedding(7, 3))
    assert vectors(np.array([[1, 2]]), training=True).numpy().any()
    normalized.layer.kernel.assign(np.zeros((6, 8)))
    normalized(x, training=True)
    assert not normalized.layer.kernel.numpy().any()


@pytest.mark.filterwarnings("ignore:(?s).*rms_scaling")  # Keras warns in each call, too
def test_the_scaling_of_older_versions_is_that_of_keras() -> None:
    import keras

    x = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    layers = []
    for library in (tf.keras, keras):
        with pytest.warns(UserWarning, match="RMSNormalization"):
            layers.append(library.layers.LayerNormalization(rms_scaling=True))
    np.testing.assert_allclose(layers[0](x), np.asarray(layers[1](x)), rtol=1e-5)
    assert len(layers[0].weights) == len(layers[1].weights) == 1


@pytest.mark.parametrize("name", LAYERS)
def test_half_precision_keeps_its_dtype_and_has_float32_statistics(name: str) -> None:
    layer_class = getattr(tf.keras.layers, name.partition("[")[0])
    x = np.random.default_rng(1).normal(200, 60, (8, 6))
    half = layer_class(**LAYERS[name], dtype="float16")
    full = layer_class(**LAYERS[name])
    arguments = {"training": True} if name.startswith("Batch") else {}
    found = half(x.astype(np.float16), **arguments)
    assert found.dtype == tf.float16
    wanted = full(x.astype(np.float16).astype(np.float32), **arguments)
    np.testing.assert_allclose(found, wanted, rtol=3e-3, atol=3e-3)


@pytest.mark.parametrize("name", ["LayerNormalization", "GroupNormalization"])
def test_numbers_beyond_half_precision_are_normalized(name: str) -> None:
    x = np.array([[70000.0, 80000.0, 90000.0, 95000.0]], np.float32)
    layer_class = getattr(tf.keras.layers, name)
    found = layer_class(**LAYERS[name], dtype="mixed_float16")(x)
    assert found.dtype == tf.float16
    np.testing.assert_allclose(found, layer_class(**LAYERS[name])(x), rtol=2e-3)


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda k: k.BatchNormalization(synchronized=True), NotImplementedError, "several devices"),
    (lambda k: k.BatchNormalization(axis=[1, 2]), TypeError, "the one axis"),
    (
        lambda k: k.BatchNormalization(renorm=True, renorm_clipping={"rmx": 1}),
        ValueError,
        r"got \['rmx'\]",
    ),
    (
        lambda k: k.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1, "rmin": 2}),
        ValueError,
        "rmax is at least rmin",
    ),
    (
        lambda k: k.BatchNormalization(renorm=True, renorm_clipping={"dmax": -1}),
        ValueError,
        "dmax is not negative",
    ),
    (lambda k: k.BatchNormalization(axis=0)(np.ones((2, 3))), ValueError, "size of axis 0"),
    (lambda k: k.LayerNormalization(axis="last"), TypeError, "integer or a list"),
    (lambda k: k.SpectralNormalization(k.Dense(2), 0), ValueError, "power_iterations is"),
    (lambda k: k.SpectralNormalization(k.ReLU())(np.ones((2, 3))), ValueError, "has neither"),
    (lambda k: k.GroupNormalization(0), ValueError, "groups is a positive integer"),
    (lambda k: k.GroupNormalization(4)(np.ones((2, 6))), ValueError, "multiple of the 4 groups"),
    (lambda k: k.GroupNormalization(8)(np.ones((2, 6))), ValueError, "multiple of the 8 groups"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_makes_no_sense_is_refused(number: int) -> None:
    act, error, words = BAD[number]
    with pytest.raises(error, match=words):
        act(tf.keras.layers)
