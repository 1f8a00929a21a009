"""Dtypes, shapes, trees, knobs, registries, messages."""

from __future__ import annotations

import collections
import pickle

import numpy as np
import pytest

import lamina as tf
from lamina.core import nest
from lamina.core.config import Config
from lamina.core.dtypes import DTYPES, as_dtype
from lamina.core.errors import (
    AlreadyExistsError,
    ArgumentTypeError,
    InvalidArgumentError,
    NotFoundError,
    SymbolicShapeError,
    UnknownNameError,
    describe,
    nearest,
)
from lamina.core.registry import Registry
from lamina.core.shapes import B, TensorShape, broadcast_shapes, normalize_axes


def test_a_dtype_is_its_name_and_its_numpy_dtype() -> None:
    dtype = as_dtype("float32")
    assert dtype == "float32" == dtype
    assert dtype == np.float32 and dtype == np.dtype("float32") and dtype != "float64"
    assert np.zeros(2, dtype).dtype == np.float32
    assert hash(dtype) == hash(np.dtype("float32"))
    assert repr(dtype) == "tf.float32" and str(dtype) == "<dtype: 'float32'>"
    assert pickle.loads(pickle.dumps(dtype)) == dtype


@pytest.mark.parametrize(
    ("given", "name"),
    [(float, "float32"), (int, "int32"), (bool, "bool"), ("double", "float64"), (">f4", "float32")],
)
def test_dtypes_by_other_names(given: object, name: str) -> None:
    assert as_dtype(given).name == name


def test_limits_of_dtypes() -> None:
    assert DTYPES["uint8"].max == 255 and DTYPES["int8"].min == -128
    assert DTYPES["float16"].max == 65504 and DTYPES["bool"].max is True
    assert DTYPES["float64"].size == 8 and DTYPES["uint16"].is_unsigned


def test_an_unknown_dtype_is_refused_with_the_nearest() -> None:
    with pytest.raises(ArgumentTypeError, match="float32"):
        as_dtype("flaot32")
    with pytest.raises(ArgumentTypeError):
        as_dtype("complex64")


def test_tensor_shapes_compare_with_lists_and_tuples() -> None:
    shape = TensorShape([2, None, B])
    assert shape == (2, None, None) and shape == [2, None, None] and shape.rank == 3
    assert shape[1:] == (None, None) and isinstance(shape[:1], TensorShape)
    assert shape.num_elements() is None and TensorShape((2, 3)).num_elements() == 6
    assert shape.is_compatible_with((2, 5, 7)) and not shape.is_compatible_with((3, 5, 7))
    assert str(TensorShape(())) == "()" and repr(TensorShape(4)) == "TensorShape([4])"


def test_broadcasting_with_the_batch() -> None:
    assert broadcast_shapes((B, 1), (3,)) == (B, 3)
    assert broadcast_shapes((2, 1), (B, 1, 4)) == (B, 2, 4)
    with pytest.raises(SymbolicShapeError):
        broadcast_shapes((B,), (3,))
    with pytest.raises(InvalidArgumentError, match="sizes 2 and 3"):
        broadcast_shapes((2,), (3,))
    with pytest.raises(SymbolicShapeError):
        B + 1


def test_axes() -> None:
    assert normalize_axes(None, 3) == (0, 1, 2)
    assert normalize_axes([-1, 0], 3) == (0, 2)
    with pytest.raises(InvalidArgumentError, match="axis 3"):
        normalize_axes(3, 3)


def test_trees() -> None:
    point = collections.namedtuple("point", "x y")
    tree = {"b": [1, (2, 3)], "a": point(4, None)}
    leaves = nest.flatten(tree)
    assert leaves == [4, None, 1, 2, 3]
    assert nest.pack_sequence_as(tree, leaves) == tree
    doubled = nest.map_structure(lambda leaf: leaf and leaf * 2, tree)
    assert doubled == {"b": [2, (4, 6)], "a": point(8, None)}
    with pytest.raises(InvalidArgumentError):
        nest.map_structure(lambda a, b: a, [1, 2], [1, 2, 3])
    with pytest.raises(InvalidArgumentError):
        nest.pack_sequence_as([0, 0], [1])
    with pytest.raises(InvalidArgumentError):
        nest.pack_sequence_as([0], [1, 2])


def test_knobs_take_their_values_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_VERIFY", "yes")
    assert Config().verify is True
    monkeypatch.setenv("LAMINA_VERIFY", "perhaps")
    with pytest.raises(InvalidArgumentError, match="LAMINA_VERIFY"):
        Config()


def test_an_unknown_knob_is_refused() -> None:
    monkeypatched = Config()
    with pytest.raises(UnknownNameError, match="verify"):
        monkeypatched.verfy = True
    with pytest.raises(AttributeError):
        _ = monkeypatched.verfy


def test_registries_refuse_what_is_taken_and_name_what_is_near() -> None:
    registry: Registry[int] = Registry("number")
    registry.add(1, "one", "uno")
    with pytest.raises(AlreadyExistsError):
        registry.add(2, "one")
    with pytest.raises(UnknownNameError, match="Did you mean 'one'"):
        registry["onee"]
    assert registry.name_of(1) == "one" and "uno" in registry and len(registry) == 2


def test_messages_show_shape_dtype_and_few_values() -> None:
    assert describe(np.arange(100.0)).count(",") < 12 and "shape (100,)" in describe(
        np.arange(100.0)
    )
    assert len(describe("x" * 1000)) < 100
    assert nearest("rleu", ["relu", "tanh"]) == " Did you mean 'relu'?"
    assert nearest("zzz", ["relu"]) == ""
    assert str(NotFoundError("no file")) == "no file"


def test_an_index_out_of_range_is_what_python_and_tensorflow_call_it():
    for wrong in (lambda: tf.gather([1, 2], 5), lambda: tf.constant([1, 2])[5]):
        for kind in (IndexError, ValueError, tf.errors.InvalidArgumentError):
            with pytest.raises(kind, match="5"):
                wrong()


def test_a_file_that_is_not_there_is_what_python_keras_and_tensorflow_call_it(tmp_path):
    for load in (
        tf.keras.models.load_model,
        tf.data.TextLineDataset,
        tf.io.read_file,
        tf.train.load_checkpoint,
    ):
        for kind in (FileNotFoundError, tf.errors.NotFoundError, ValueError):
            with pytest.raises(kind, match=r"nowhere\.keras"):
                list(load(str(tmp_path / "nowhere.keras")))
