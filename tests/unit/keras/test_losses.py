"""Losses: formulas in float64, shapes and dtypes, reductions, masks, names, errors."""

from __future__ import annotations

import copy
import warnings

import keras
import numpy as np
import pytest

from lamina.core.errors import (
    InvalidArgumentError,
    OutOfRangeError,
    UnimplementedError,
    UnknownNameError,
)
from lamina.keras import backend, losses
from lamina.keras.configurable import FAMILIES
from lamina.keras.losses import base
from lamina.keras.masks import set_mask
from lamina.ops import math
from lamina.tensor.convert import to_tensor
from lamina.tensor.function import Function
from lamina.tensor.tape import GradientTape
from tests.oracle.keras_losses import CLASSES, CLOSED_FORMS
from tests.oracle.keras_samples import sample


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_formula_in_float64(name):
    kind, arguments, formula = CLOSED_FORMS[name]
    y_true, y_pred = sample(kind, rows=50, dtype="float64")
    ours = FAMILIES["keras.losses"][name](y_true, y_pred, **arguments)
    assert ours.dtype == "float64"
    np.testing.assert_allclose(ours, formula(y_true, y_pred), rtol=1e-12, atol=1e-15)


# Shapes and dtypes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target_dtype", ["float64", "float32", "float16", "int64", "uint8", "bool"]
)
@pytest.mark.parametrize("make", [np.asarray, to_tensor])
def test_binary_crossentropy_of_a_column_has_one_value_a_row(target_dtype, make):
    y_true, y_pred = sample("chance", rows=1000)
    values = losses.binary_crossentropy(make(y_true.astype(target_dtype)), make(y_pred))
    assert values.shape == (1000,)
    assert values.dtype == "float32"
    wanted = -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
    np.testing.assert_allclose(values, wanted[:, 0], rtol=2e-5)


def test_predictions_decide_the_dtype():
    y_true, y_pred = sample("chance")
    assert losses.binary_crossentropy(y_true, y_pred.astype(np.float64)).dtype == "float64"
    assert losses.mse([1, 0], [0, 1]).dtype == "float32"
    assert losses.MeanSquaredError(dtype="float64")(y_true, y_pred).dtype == "float64"
    assert losses.MeanSquaredError()(y_true, y_pred.astype(np.float64)).dtype == "float32"


@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryCrossentropy", "Hinge", "Huber"])
@pytest.mark.parametrize("shapes", [((6,), (6, 1)), ((6, 1), (6,)), ((6, 1), (6, 1)), ((6,), (6,))])
def test_a_missing_last_axis_is_found(name, shapes):
    y_true, y_pred = (
        part.reshape(shape) for part, shape in zip(sample("chance"), shapes, strict=True)
    )
    ours = getattr(losses, name)(reduction="none")(y_true, y_pred)
    theirs = getattr(keras.losses, name)(reduction="none")(y_true, y_pred)
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


SHAPES = [(), (1,), (3,), (1, 1), (3, 1), (3, 2), (3, 1, 1), (3, 2, 1), (3, 2, 2)]


@pytest.mark.parametrize("first", SHAPES)
@pytest.mark.parametrize("second", SHAPES)
def test_ranks_are_matched_as_in_keras(first, second):
    match = keras.src.losses.loss.squeeze_or_expand_to_same_rank
    ours = base.same_rank(*(to_tensor(np.zeros(shape)) for shape in (first, second)))
    theirs = match(np.zeros(first), np.zeros(second))
    assert [tuple(part.shape) for part in ours] == [tuple(part.shape) for part in theirs]


def test_functions_find_a_missing_last_axis_too():
    y_true, y_pred = sample("chance")
    wanted = losses.binary_crossentropy(y_true, y_pred).numpy()
    np.testing.assert_array_equal(losses.binary_crossentropy(y_true[:, 0], y_pred), wanted)


def test_probabilities_of_exactly_0_and_1_are_finite():
    values = losses.binary_crossentropy([[1.0], [0.0], [1.0]], [[0.0], [1.0], [1.0]]).numpy()
    np.testing.assert_allclose(values, [-np.log(1e-7), -np.log(2**-23), 2**-23], rtol=1e-6, atol=0)


def test_logits_far_out_are_finite():
    y_true, logits = np.array([[1.0, 0.0]], np.float32), np.array([[-1e4, 1e4]], np.float32)
    assert losses.binary_crossentropy(y_true, logits, from_logits=True).numpy() == [1e4]
    one_hot = losses.categorical_crossentropy(y_true, logits, from_logits=True)
    assert one_hot.numpy() == [2e4]
    assert losses.sparse_categorical_crossentropy([0], logits, from_logits=True).numpy() == [2e4]


def test_classes_along_another_axis():
    y_true, y_pred = sample("classes first")
    values = losses.sparse_categorical_crossentropy(y_true, y_pred, axis=0)
    wanted = losses.sparse_categorical_crossentropy(y_true, y_pred.T)
    np.testing.assert_array_equal(values, wanted)


def test_images_of_classes():
    labels = np.arange(24).reshape(2, 3, 4) % 5
    logits = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    ours = losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    theirs = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


# Reduction, weights, masks ------------------------------------------------------------------------


def test_auto_of_tensorflow_is_the_mean():
    loss = losses.MeanSquaredError(reduction=losses.Reduction.AUTO)
    assert loss.reduction == "sum_over_batch_size"
    assert losses.Huber(reduction=losses.Reduction.SUM).reduction == "sum"


def test_an_unknown_reduction_is_refused():
    with pytest.raises(InvalidArgumentError, match="reduction is one of 'sum_over_batch_size'"):
        losses.MeanSquaredError(reduction="average")


def test_no_rows_give_zero():
    empty = np.zeros((0, 1), np.float32)
    assert losses.MeanSquaredError()(empty, empty).numpy() == 0


def test_weights_that_are_all_zero_give_zero():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert loss([[1.0]], [[3.0]], [0.0]).numpy() == 0


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_ignored_classes_do_not_count(reduction, weighted):
    labels, logits = sample("classes logits", rows=9)
    labels = np.where(np.arange(9) % 3, labels, -1)
    weights = np.linspace(0.5, 2, 9).astype(np.float32) if weighted else None
    options = {"from_logits": True, "ignore_class": -1, "reduction": reduction}
    ours = losses.SparseCategoricalCrossentropy(**options)(labels, logits, weights)
    theirs = keras.losses.SparseCategoricalCrossentropy(**options)(labels, logits, weights)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_ignored_rows_have_no_gradient():
    labels, logits = np.array([0, -1]), to_tensor(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    with GradientTape() as tape:
        tape.watch(logits)
        loss = losses.sparse_categorical_crossentropy(labels, logits, True, ignore_class=-1)
    assert (tape.gradient(loss, logits).numpy()[1] == 0).all()


def test_a_mask_on_predictions_leaves_rows_out():
    y_true, y_pred = (to_tensor(part) for part in sample("numbers"))
    set_mask(y_pred, to_tensor(np.arange(6) < 4))
    loss = losses.MeanSquaredError()
    wanted = loss(y_true.numpy()[:4], y_pred.numpy()[:4]).numpy()
    assert loss(y_true, y_pred).numpy() == pytest.approx(wanted)


def test_gradient_of_the_mean_is_divided_by_the_rows():
    y_true, y_pred = (to_tensor(part) for part in sample("numbers"))
    with GradientTape() as tape:
        tape.watch(y_pred)
        loss = losses.MeanSquaredError()(y_true, y_pred)
    wanted = 2 * (y_pred.numpy() - y_true.numpy()) / y_true.numpy().size
    np.testing.assert_allclose(tape.gradient(loss, y_pred), wanted, rtol=1e-5)


# Names and configurations -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mse", "MSE", "mae", "MAE", "mape", "msle", "bce", "kld", "KLD"])
def test_short_names(name):
    found = losses.get(name)
    assert getattr(losses, name) is found
    assert found.__name__ == keras.losses.get(name).__name__


def test_strings_give_functions_or_instances_as_in_keras():
    assert losses.get("binary_crossentropy") is losses.binary_crossentropy
    assert isinstance(losses.get("BinaryCrossentropy"), losses.BinaryCrossentropy)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get(None) is None
    assert losses.mse is losses.MSE is losses.mean_squared_error


@pytest.mark.parametrize("name", CLASSES)
def test_default_names_are_those_of_keras(name):
    assert getattr(losses, name)().name == getattr(keras.losses, name)().name


def test_unknown_and_absent_names():
    with pytest.raises(UnknownNameError, match=r"unknown loss 'mean_square_error'.*Did you mean"):
        losses.get("mean_square_error")
    with pytest.raises(AttributeError, match="Did you mean 'MeanSquaredError'"):
        _ = losses.MeanSquareError
    with pytest.raises(UnimplementedError, match="CTC"):
        _ = losses.CTC


def test_dtype_none_follows_floatx():
    backend.set_floatx("float64")
    try:
        assert losses.MeanSquaredError()([1.0], [2.0]).dtype == "float64"
    finally:
        backend.set_floatx("float32")


def test_a_loss_of_ones_own():
    class Quartic(losses.Loss):
        def __init__(self, scale=1.0, name="quartic", **kwargs):
            super().__init__(name=name, **kwargs)
            self.scale = scale

        def call(self, y_true, y_pred):
            return self.scale * math.reduce_mean((y_true - y_pred) ** 4, -1)

    loss = Quartic(scale=2.0, reduction="sum")
    y_true, y_pred = sample("numbers")
    assert loss(y_true, y_pred).numpy() == pytest.approx(
        2 * ((y_true - y_pred) ** 4).mean(-1).sum(), rel=1e-5
    )
    config = losses.serialize(loss)
    again = losses.deserialize(config, custom_objects={"Quartic": Quartic})
    assert again.get_config() == {"scale": 2.0, "name": "quartic", "reduction": "sum"}


def test_targets_arrive_in_the_dtype_of_the_loss():
    seen = []

    class Spy(losses.Loss):
        def call(self, y_true, y_pred):
            seen.append((y_true.dtype, y_pred.dtype))
            return y_pred

    Spy()(np.array([1, 0]), np.array([0.5, 1.0]))
    assert seen == [("float32", "float32")]


def test_a_loss_without_call_says_so():
    with pytest.raises(NotImplementedError, match=r"Empty does not define call\(y_true, y_pred\)"):
        type("Empty", (losses.Loss,), {})()([1.0], [1.0])


def test_a_wrapped_function_passes_options_and_comes_back():
    wrapped = losses.LossFunctionWrapper(losses.huber, reduction="sum", name="h", delta=0.3)
    y_true, y_pred = sample("numbers")
    wanted = losses.Huber(0.3, reduction="sum")(y_true, y_pred).numpy()
    assert wrapped(y_true, y_pred).numpy() == wanted
    config = losses.serialize(wrapped)
    assert losses.deserialize(config)(y_true, y_pred).numpy() == wanted
    theirs = keras.saving.deserialize_keras_object(config)
    assert float(theirs(y_true, y_pred)) == pytest.approx(float(wanted), rel=1e-5)


def test_structures_of_targets_and_predictions():
    class Two(losses.Loss):
        def call(self, y_true, y_pred):
            return math.abs(y_true["a"] - y_pred["a"]) + math.abs(y_true["b"] - y_pred["b"])

    y_true, y_pred = {"a": [1.0, 2.0], "b": [0, 0]}, {"a": [3.0, 2.0], "b": [1.0, 0.0]}
    y_true, y_pred = ({k: np.array(v) for k, v in y.items()} for y in (y_true, y_pred))
    assert Two()(y_true, y_pred).numpy() == pytest.approx(1.5)


def test_copies():
    loss = losses.CategoricalGeneralizedCrossEntropy(q=0.3)
    y_true, y_pred = sample("classes")
    assert copy.deepcopy(loss)(y_true, y_pred).numpy() == loss(y_true, y_pred).numpy()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("chance", "binary_crossentropy"),
        ("flat chance", None),
        ("classes", "sparse_categorical_crossentropy"),
        ("class column", "sparse_categorical_crossentropy"),
        ("onehot", "categorical_crossentropy"),
    ],
)
def test_crossentropy_goes_by_the_shapes(kind, name):
    y_true, y_pred = sample(kind)
    if name is None:
        y_pred, name = y_pred[:, None], "binary_crossentropy"
    for word in ("crossentropy", "ce"):
        assert losses.resolve(word, y_true, y_pred).fn is losses.get(name)
    assert losses.resolve("mse", y_true, y_pred).name == "mse"
    assert losses.resolve(None, y_true, y_pred) is None


# Errors -------------------------------------------------------------------------------------------


def test_shapes_that_differ_are_told():
    with pytest.raises(InvalidArgumentError, match=r"\(2, 3\) and y_pred of shape \(2, 2\)"):
        losses.binary_crossentropy(np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(InvalidArgumentError, match="use sparse_categorical_crossentropy"):
        losses.categorical_crossentropy(np.array([0, 1]), np.full((2, 3), 0.3))
    with pytest.raises(InvalidArgumentError, match="one-hot targets use categorical_crossentropy"):
        losses.sparse_categorical_crossentropy(np.eye(3), np.full((3, 3), 0.3))


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_out_of_range_are_told(label):
    y_pred = np.full((2, 3), 1 / 3, np.float32)
    with pytest.raises(InvalidArgumentError, match=f"label {label}; predictions have 3 classes"):
        losses.sparse_categorical_crossentropy([0, label], y_pred)
    traced = Function(losses.SparseCategoricalCrossentropy(), symbolic_batch=True)
    with pytest.raises(OutOfRangeError, match=f"index {label} is out of range"):
        traced(np.array([0, label]), y_pred)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1])
def test_label_smoothing_is_a_share(smoothing):
    for kind, name in (("chances", "binary_crossentropy"), ("onehot", "categorical_crossentropy")):
        with pytest.raises(InvalidArgumentError, match="label_smoothing is a number from 0 to 1"):
            getattr(losses, name)(*sample(kind), label_smoothing=smoothing)


def test_q_lies_between_0_and_1():
    with pytest.raises(InvalidArgumentError, match="q lies between 0 and 1; got 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1)


def test_integers_are_no_dtype_to_compute_in():
    with pytest.raises(InvalidArgumentError, match="floating-point dtype is expected; got int32"):
        losses.MeanSquaredError(dtype="int32")


def test_one_class_is_warned_of():
    with pytest.warns(UserWarning, match="use binary_crossentropy for two classes in one column"):
        losses.categorical_crossentropy([[1.0]], [[0.5]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses.categorical_crossentropy([[1.0, 0.0]], [[0.5, 0.5]])
