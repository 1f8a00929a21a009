"""`import tensorflow` on lamina: modules, submodules, names that are missing, and the way back."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

import lamina
from lamina.core.errors import FailedPreconditionError, UnknownNameError


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    with lamina.install_as("tensorflow"):
        yield


def run(code: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(code, names)
    return names


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import tensorflow as x; x = x.constant", lamina.constant),
        ("from tensorflow import keras; x = keras.Model", lamina.keras.Model),
        ("import tensorflow.keras.backend as K; x = K.epsilon", lamina.keras.backend.epsilon),
        ("from tensorflow.keras.layers import Dense as x", lamina.keras.layers.Dense),
        ("import tensorflow.keras.layers; x = tensorflow.nn.relu", lamina.nn.relu),
        ("from tensorflow.config import list_physical_devices as x; x = x('GPU')", []),
        ("import tensorflow; x = tensorflow.__version__", "2.21.0"),
        ("from tensorflow.version import VERSION as x", "2.21.0"),
    ],
)
def test_imports_give_what_lamina_has(code, expected):
    assert run(code)["x"] == expected


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("from tensorflow import constnat", ImportError, "constnat.*Did you mean 'constant'"),
        ("from tensorflow.keras.layers import Dens", ImportError, "Did you mean 'Dense'"),
        ("import tensorflow.kears", ModuleNotFoundError, "Did you mean 'keras'"),
        ("import tensorflow as tf; tf.constnat", AttributeError, "Did you mean 'constant'"),
        ("from tensorflow.python.keras import layers", ImportError, "from tensorflow.keras"),
        ("import tensorflow.experimental.numpy", ImportError, "keras.ops has NumPy's"),
        ("import tensorflow.Variable", ModuleNotFoundError, "from tensorflow import Variable"),
    ],
)
def test_a_name_that_lamina_lacks_is_named_with_the_nearest(code, kind, message):
    with pytest.raises(kind, match=message):
        run(code)


def test_other_modules_are_left_alone():
    with pytest.raises(ModuleNotFoundError, match="tensorflow_nowhere"):
        run("import tensorflow_nowhere")


def test_the_end_of_the_block_takes_the_names_away():
    with lamina.install_as("tf_keras"):
        run("import tf_keras.layers")
    assert not [name for name in sys.modules if name.startswith("tf_keras")]
    with pytest.raises(ModuleNotFoundError):
        run("import tf_keras")
    run("import tensorflow")


def test_installing_twice_leaves_it_to_the_first_to_undo():
    with lamina.install_as("tensorflow"):
        pass
    run("import tensorflow")


def test_a_real_package_is_not_replaced(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf_keras", types.ModuleType("tf_keras"))
    with pytest.raises(FailedPreconditionError, match="tf_keras is imported already"):
        lamina.install_as("tf_keras")


def test_only_known_names_can_be_taken():
    with pytest.raises(UnknownNameError, match="cannot be installed as 'torch'"):
        lamina.install_as("torch")


def test_an_alias_lists_its_names():
    module = run("import tensorflow as x")["x"]
    assert {"keras", "constant", "__version__"} <= set(dir(module))
    assert "tensorflow" in repr(module)
