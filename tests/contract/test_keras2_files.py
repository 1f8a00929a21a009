"""Files that Keras 2 wrote: the same predictions, and the same weights after the next step.

tests/tools/keras2_files.py made the files, and wrote down what Keras 2 went on to.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, UnknownNameError
from tests.oracle.keras_files import assert_close

FOLDER = Path(__file__).parent.parent / "data" / "keras2"
EXPECTED = np.load(FOLDER / "expected.npz")
X, P, Q = (EXPECTED[name] for name in "XPQ")
NAMES = {key.partition("/")[0] for key in EXPECTED if "/" in key}
MODELS = sorted(path.name for path in FOLDER.iterdir() if path.stem in NAMES)
LEAKY = pytest.mark.filterwarnings("ignore:LeakyReLU. the argument `alpha`")


class Scale(tf.keras.layers.Layer):
    """A class of a user."""

    def __init__(self, start: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.start = start

    def build(self, shape: Any) -> None:
        self.factor = self.add_weight(name="factor", shape=(shape[-1],))

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": self.start}


def loaded(name: str) -> Any:
    return tf.keras.models.load_model(FOLDER / name, custom_objects={"Scale": Scale})


def data(name: str) -> tuple[Any, Any]:
    return ([X, X[::-1]], [P, Q]) if name.startswith("functional") else (X, P)


def known(name: str, kind: str) -> list[Any]:
    start = f"{Path(name).stem}/{kind}/"
    return [EXPECTED[f"{start}{n}"] for n in range(sum(key.startswith(start) for key in EXPECTED))]


@LEAKY
@pytest.mark.parametrize("name", MODELS)
def test_models_of_keras_2_go_on(name: str) -> None:
    model, (x, y) = loaded(name), data(name)
    predictions = _listed(model.predict(x, verbose=0))
    for found, wanted in zip(predictions, known(name, "prediction"), strict=True):
        assert_close(found, wanted, "predictions")
    assert int(model.optimizer.iterations) == 2
    model.train_on_batch(x, y)
    for found, wanted in zip(model.get_weights(), known(name, "weight"), strict=True):
        assert_close(found, wanted, "weights")


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


@LEAKY
@pytest.mark.parametrize("name", ["sequential.h5", "sequential.keras"])
def test_what_it_was_compiled_with(name: str) -> None:
    model = loaded(name)
    assert isinstance(model.loss, tf.keras.losses.Huber) and model.loss.delta == 0.5
    assert sorted(model.evaluate(X, P, verbose=0, return_dict=True)) == ["loss", "mae", "mse"]
    result = loaded("functional.h5").evaluate(*data("functional"), verbose=0, return_dict=True)
    assert sorted(result) == ["loss", "p_loss", "q_accuracy", "q_loss"]


def test_an_unknown_class_is_named_with_the_cure() -> None:
    with pytest.raises(UnknownNameError, match=r"'Scale' is not known .*custom_objects=\{"):
        tf.keras.models.load_model(FOLDER / "custom.h5")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("output_layers",), [["inner"]]),
        (("output_layers",), [["inner", "x"]]),
        (("output_layers",), [[{}, 1, 0]]),
        (("layers", 0, "name"), ["x"]),
        (("layers", -1, "inbound_nodes"), [[["inner", "x", 0]]]),
        (("layers", -1, "inbound_nodes"), [[[["inner"], 1, 0, {}]]]),
    ],
)
def test_damaged_connections_raise_an_error_of_lamina(
    path: Any, value: Any, ending: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(FOLDER / "functional.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    place = config["config"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    damaged = tmp_path / f"model{ending}"
    if ending == ".keras":
        with zipfile.ZipFile(damaged, "w") as file:
            for name, content in {**members, "config.json": json.dumps(config)}.items():
                file.writestr(name, content)
    else:
        shutil.copy(FOLDER / "functional.h5", damaged)
        with h5py.File(damaged, "r+") as h5:
            h5.attrs["model_config"] = json.dumps(config)
    with pytest.raises(tf.errors.OpError):
        tf.keras.models.load_model(damaged)


@LEAKY
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("file", ["sequential_weights.h5", "sequential.h5"])
def test_weights_alone_by_order_and_by_name(file: str, by_name: bool) -> None:
    model = loaded("sequential.h5")
    wanted = model.predict(X, verbose=0)
    other = tf.keras.models.clone_model(model)
    other.load_weights(FOLDER / file, by_name=by_name)
    assert_close(other.predict(X, verbose=0), wanted, "predictions")


@LEAKY
def test_by_name_takes_what_has_a_name_there() -> None:
    source = loaded("sequential.h5")
    layers = tf.keras.layers
    new = layers.Dense(2, name="new")
    model = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(4, name="first"), new])
    before = new.get_weights()
    model.load_weights(FOLDER / "sequential.h5", by_name=True)
    for found, wanted in zip(
        model.layers[0].get_weights(), source.layers[0].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)
    for found, wanted in zip(new.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(InvalidArgumentError, match="by_name=True"):
        model.load_weights(FOLDER / "sequential.h5")


def test_by_name_says_what_does_not_fit() -> None:
    layers = tf.keras.layers
    model = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(5, name="first")])
    before = model.get_weights()
    with pytest.raises(InvalidArgumentError, match=r"has shape \(3, 4\)"):
        model.load_weights(FOLDER / "sequential.h5", by_name=True)
    with pytest.warns(UserWarning, match=r"has shape \(3, 4\)"):
        model.load_weights(FOLDER / "sequential.h5", skip_mismatch=True, by_name=True)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    strange = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(4, name="other")])
    with pytest.warns(UserWarning, match="no layer of the model .* has a name in the file"):
        strange.load_weights(FOLDER / "sequential.h5", by_name=True)
