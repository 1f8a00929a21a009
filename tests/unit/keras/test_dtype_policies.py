"""Dtype policies beside Keras's: what they are, and what layers do with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.keras import dtype_policies

NAMES = ("float16", "float32", "float64", "mixed_float16", "int32", "uint8")
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    keras.config.set_dtype_policy(None)
    reference.config.set_dtype_policy("float32")


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_is_that_of_keras(name: str) -> None:
    ours, theirs = keras.DTypePolicy(name), reference.DTypePolicy(name)
    for what in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(ours, what) == getattr(theirs, what)
    assert repr(ours) == repr(theirs)
    assert ours.get_config() == theirs.get_config()
    config = dtype_policies.serialize(ours)
    assert config == reference.dtype_policies.serialize(theirs)
    assert dtype_policies.deserialize(config) == ours == dtype_policies.get(config)
    assert ours != keras.DTypePolicy("float64" if name != "float64" else "float32")
    assert len({ours, keras.FloatDTypePolicy(name)}) == 1


def test_what_names_a_policy() -> None:
    policy = keras.DTypePolicy("mixed_float16")
    assert dtype_policies.get(policy) is policy
    for identifier in (tf.float64, np.float64, np.dtype("float64"), "float64"):
        assert dtype_policies.get(identifier).name == "float64"
    assert dtype_policies.get(None).name == "float32"
    keras.mixed_precision.set_global_policy("mixed_float16")
    assert keras.mixed_precision.global_policy() == keras.config.dtype_policy() == policy
    assert keras.mixed_precision.Policy().name == "mixed_float16"
    assert keras.layers.Dense(1).dtype_policy == policy


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: keras.DTypePolicy("bfloat16"), NotImplementedError, "does not compute in bfl"),
        (lambda: keras.DTypePolicy("mixed_bfloat16"), NotImplementedError, "use 'mixed_float16'"),
        (lambda: keras.DTypePolicy("int8_from_float32"), NotImplementedError, "not quantized"),
        (lambda: keras.DTypePolicy("float33"), ValueError, "Did you mean 'float3"),
        (lambda: keras.DTypePolicy("mixed_float64"), ValueError, "or 'mixed_float16'; got"),
        (lambda: keras.DTypePolicy(3), TypeError, "is a string"),
        (lambda: dtype_policies.get(3.5), ValueError, "a name, a dtype or a DTypePolicy"),
        (lambda: dtype_policies.QuantizedDTypePolicy, AttributeError, "not quantized"),
        (lambda: keras.mixed_precision.policy, AttributeError, "Did you mean 'Policy'"),
    ],
)
def test_what_is_no_policy(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_policies_by_path() -> None:
    found = []
    for module in (dtype_policies, reference.dtype_policies):
        policies = module.DTypePolicyMap(
            module.get("float32"), {"encoder/dense": module.get("float16")}
        )
        policies["decoder/.*"] = "float64"
        paths = ("encoder/dense", "decoder/one", "decoder", "other")
        found.append([policies[path].name for path in paths])
        assert (len(policies), list(policies)) == (2, ["encoder/dense", "decoder/.*"])
        policies["decoder/o.*"] = "float16"
        with pytest.raises(ValueError, match="match"):
            policies["decoder/one"]
        with pytest.raises(ValueError, match="already"):
            policies["decoder/.*"] = "float32"
        del policies["decoder/o.*"]
        assert (policies.name, policies.compute_dtype) == ("map_float32", "float32")
        again = module.deserialize(module.serialize(policies))
        assert [again[path].name for path in paths] == found[-1]
    assert found[0] == found[1]


def test_a_layer_takes_its_policy_from_a_map() -> None:
    policies = dtype_policies.DTypePolicyMap(keras.DTypePolicy("float32"), {"wide": "float64"})
    assert keras.layers.Dense(1, name="wide", dtype=policies).dtype == "float64"
    assert keras.layers.Dense(1, name="other", dtype=policies).dtype == "float32"


def twins(name: str, *layers: Any) -> Any:
    """The same network here and in Keras, with the same weights and the policy `name`."""
    made = []
    for module in (keras, reference):
        module.config.set_dtype_policy(name)
        model = module.Sequential([module.Input((4,)), *(layer(module.layers) for layer in layers)])
        made.append(model)
    made[1].set_weights(made[0].get_weights())
    return made


NETWORK = (
    lambda layers: layers.Dense(8, activation="relu"),
    lambda layers: layers.BatchNormalization(),
    lambda layers: layers.LayerNormalization(),
    lambda layers: layers.Dense(1, activation="sigmoid", dtype="float32"),
)


@pytest.mark.parametrize("name", ["float16", "mixed_float16"])
def test_layers_compute_in_their_dtype(name: str) -> None:
    ours, theirs = twins(name, *NETWORK)
    for layer, other in zip(ours.layers, theirs.layers, strict=True):
        for what in ("dtype", "compute_dtype", "variable_dtype"):
            assert getattr(layer, what) == getattr(other, what), layer.name
        assert layer.dtype_policy.name == other.dtype_policy.name
        assert [w.dtype.name for w in layer.weights] == [w.dtype for w in other.weights]
    hidden = ours.layers[0](X)
    assert hidden.dtype == ours.layers[0].compute_dtype
    np.testing.assert_allclose(ours(X), np.asarray(theirs(X)), rtol=3e-3, atol=3e-3)
    np.testing.assert_allclose(tf.function(ours)(tf.constant(X)), ours(X), rtol=3e-3, atol=3e-3)


def test_weights_are_read_as_they_are_outside_of_calls() -> None:
    seen = []

    class Layer(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(4, 2))
            self.plain = self.add_weight(shape=(), autocast=False)
            self.count = self.add_weight(shape=(), dtype="int32", trainable=False)

        def call(self, x: Any) -> Any:
            self.count.assign_add(1)
            self.plain.assign_add(1.0)
            weights = (self.kernel, self.plain, self.count)
            seen.append([weight.value().dtype.name for weight in weights])
            seen.append([weight.dtype.name for weight in weights])
            return x @ self.kernel

    layer = Layer(dtype="mixed_float16")
    with tf.GradientTape() as tape:
        result = layer(X)
    assert result.dtype == "float16"
    assert seen == [["float16", "float32", "int32"]] * 2
    assert layer.kernel.value().dtype == layer.kernel.dtype == "float32"
    assert tape.gradient(result, layer.kernel).dtype == "float32"


def test_training_in_mixed_precision_is_that_of_keras() -> None:
    ours, theirs = twins("mixed_float16", *NETWORK)
    histories = []
    for model in (ours, theirs):
        model.compile(optimizer="sgd", loss="binary_crossentropy")
        assert type(model.optimizer).__name__ == "LossScaleOptimizer"
        found = model.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        histories.append(found.history["loss"])
    np.testing.assert_allclose(*histories, rtol=5e-3)
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, rtol=2e-2, atol=5e-3)


def test_policies_are_saved(tmp_path: Any) -> None:
    ours, theirs = twins("mixed_float16", *NETWORK)
    keras.config.set_dtype_policy(None)
    reference.config.set_dtype_policy("float32")
    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    again = keras.models.load_model(tmp_path / "theirs.keras")
    there = reference.models.load_model(tmp_path / "ours.keras")
    for loaded in (again, there):
        names = [layer.dtype_policy.name for layer in loaded.layers]
        assert names == ["mixed_float16"] * 3 + ["float32"]
    np.testing.assert_allclose(again(X), ours(X), atol=3e-3)
    np.testing.assert_allclose(np.asarray(there(X)), ours(X), atol=3e-3)
