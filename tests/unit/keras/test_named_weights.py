"""Weights by name: safetensors and NumPy archives, both ways, and files that are wrong."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import (
    DataLossError,
    InvalidArgumentError,
    MissingFileError,
    UnimplementedError,
)

safetensors = pytest.importorskip("safetensors.numpy")
ENDINGS = (".safetensors", ".npz")
endings = pytest.mark.parametrize("ending", ENDINGS)


class Back(keras.layers.Layer):
    """A product with the kernel of another layer, turned."""

    def __init__(self, dense):
        super().__init__()
        self.dense = dense

    def build(self, shape):
        self.kernel = self.dense.kernel
        self.bias = self.add_weight((3,), name="bias")

    def call(self, x):
        return keras.ops.matmul(x, keras.ops.transpose(self.kernel)) + self.bias


class Tied(keras.Model):
    """Two layers that share a kernel, a half precision weight, and layers in a list."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(3)
        self.back = Back(self.first)
        self.scale = self.add_weight((3,), dtype="float16", name="scale")
        self.count = self.add_weight((), dtype="int32", initializer="zeros", name="count")
        self.more = [keras.layers.Dense(2), keras.layers.BatchNormalization()]

    def call(self, x):
        x = self.back(self.first(x)) * keras.ops.cast(self.scale, "float32")
        for layer in self.more:
            x = layer(x)
        return x


def _tied():
    model = Tied()
    model(np.ones((2, 3), np.float32))
    return model


def _network(units=4):
    inputs = keras.Input((3,))
    x = keras.layers.Dense(units, "relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dropout(0.5, seed=1)(x)))


def _read(path):
    if path.suffix == ".npz":
        with np.load(path) as file:
            return dict(file)
    return safetensors.load_file(path)


@endings
@pytest.mark.parametrize("build", [_network, _tied])
def test_weights_travel_by_name_and_others_read_them(build, ending, tmp_path):
    model, other = build(), build()
    path = tmp_path / "new" / f"w{ending}"
    for variable in model.variables:
        if variable.dtype.is_floating:
            variable.assign(np.random.default_rng(1).uniform(0, 1, variable.shape))
    model.save_weights(path)
    arrays = _read(path)
    if build is _network:
        assert {"layers/dense/kernel", "layers/dense/bias", "layers/dense_1/kernel"} < set(arrays)
        np.testing.assert_array_equal(arrays["layers/dense/kernel"], model.layers[1].kernel)
    else:
        assert set(arrays) == {
            *("scale", "count", "back/kernel", "back/bias", "back/dense/bias"),
            *("layers/dense_1/kernel", "layers/dense_1/bias"),
            *(f"layers/batch_normalization/{n}" for n in ("gamma", "beta")),
            *(f"layers/batch_normalization/moving_{n}" for n in ("mean", "variance")),
        }
        assert (arrays["scale"].dtype, arrays["count"].shape) == (np.float16, ())
    other.load_weights(path)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(tf.errors.AlreadyExistsError):
        model.save_weights(path, overwrite=False)


@endings
def test_equal_weights_give_equal_files(ending, tmp_path):
    model = _network()
    for name in ("a", "b"):
        model.save_weights(tmp_path / f"{name}{ending}")
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


@endings
def test_what_does_not_fit_changes_nothing_or_is_left_out_with_a_warning(ending, tmp_path):
    path = tmp_path / f"w{ending}"
    _network(units=5).save_weights(path)
    model = _network()
    before = model.get_weights()
    with pytest.raises(InvalidArgumentError, match=r"kernel' has shape \(3, 5\); the model's"):
        model.load_weights(path)
    for one, two in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.warns(UserWarning, match=r"shape \(3, 5\)"):
        model.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(model.layers[1].kernel, before[0])
    np.testing.assert_array_equal(model.layers[-1].bias, np.zeros(2))
    smaller = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)])
    with pytest.raises(InvalidArgumentError, match=r"'layers/dense_1/kernel', of shape .* lacks"):
        smaller.load_weights(path)
    smaller.save_weights(path)
    with pytest.raises(InvalidArgumentError, match="lacks the weight 'layers/dense_1/kernel'"):
        _network(units=5).load_weights(path)


def test_layers_write_what_they_like(tmp_path):
    class Own(keras.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight((2,), name="w", initializer="ones")

        def call(self, x):
            return x * self.w

        def save_own_variables(self, store):
            store["doubled"] = 2 * self.w.numpy()

        def load_own_variables(self, store):
            self.w.assign(store["doubled"] / 2)

    model = keras.Sequential([keras.Input((2,)), Own()])
    model.layers[0].w.assign([3.0, 4.0])
    for ending in ENDINGS:
        model.save_weights(tmp_path / f"w{ending}")
        other = keras.Sequential([keras.Input((2,)), Own()])
        other.load_weights(tmp_path / f"w{ending}")
        np.testing.assert_array_equal(other.layers[0].w, [3, 4])


def test_a_checkpoint_is_not_mistaken_for_weights(tmp_path):
    model = _network()
    model.save_weights(tmp_path / "point")
    with pytest.raises(InvalidArgumentError, match="is a checkpoint"):
        model.load_weights(tmp_path / "point.npz")


def _safetensors(header, data=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def _entry(dtype, shape, offsets):
    return {"layers/dense/kernel": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


HOSTILE = {
    "empty": b"",
    "no header": b"\0" * 8,
    "header of 2^60 bytes": _safetensors({}, size=2**60),
    "no JSON": _safetensors(b"{" * 64),
    "nested": _safetensors(b'{"a":' * 20_000),
    "2^60 elements": _safetensors(_entry("F32", [2**30, 2**30], [0, 4]), b"\0" * 4),
    "a product that overflows": _safetensors(_entry("F32", [2**62, 4, 4], [0, 0])),
    "beyond the end": _safetensors(_entry("F32", [3, 4], [0, 48]), b"\0" * 8),
    "backwards": _safetensors(_entry("F32", [3, 4], [48, 0]), b"\0" * 48),
    "too much": _safetensors(_entry("F32", [3, 4], [0, 48]), b"\0" * 99),
    "an unknown dtype": _safetensors(_entry("PICKLE", [3, 4], [0, 48]), b"\0" * 48),
    "a negative size": _safetensors(_entry("F32", [-3, -4], [0, 48]), b"\0" * 48),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_safetensors_are_refused(name, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(DataLossError, match="not a safetensors file, or damaged"):
        _network().load_weights(path)


def test_a_dtype_that_lamina_does_not_have_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(_safetensors(_entry("BF16", [3, 4], [0, 24]), b"\0" * 24))
    with pytest.raises(UnimplementedError, match="is of BF16"):
        _network().load_weights(path)


@endings
def test_numbers_of_another_kind_are_refused(ending, tmp_path):
    model = _network()
    path = tmp_path / f"w{ending}"
    model.save_weights(path)
    arrays = {name: np.ones_like(array, np.int64) for name, array in _read(path).items()}
    if ending == ".npz":
        np.savez(path, **arrays)
    else:
        safetensors.save_file(arrays, path)
    with pytest.raises(DataLossError, match="holds int64; float32 is expected"):
        model.load_weights(path)


def test_hostile_archives_are_refused(tmp_path):
    path = tmp_path / "w.npz"
    pickled = io.BytesIO()
    np.save(pickled, np.array([print], object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("layers/dense/kernel.npy", pickled.getvalue())
    with pytest.raises(DataLossError, match="is damaged"):
        _network().load_weights(path)
    path.write_bytes(b"PK\3\4 no archive")
    with pytest.raises(DataLossError, match="not a NumPy archive"):
        _network().load_weights(path)


@endings
def test_files_that_are_not_there(ending, tmp_path):
    with pytest.raises(MissingFileError):
        _network().load_weights(tmp_path / f"none{ending}")
    with pytest.raises(InvalidArgumentError, match="save_format is"):
        _network().save_weights(tmp_path / f"w{ending}", save_format="h5")
