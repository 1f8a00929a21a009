"""Boundaries, depths, landscapes, fits: what the pictures contain, against NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lamina as tf
from lamina import plot
from lamina.core.errors import InvalidArgumentError, UnknownNameError
from lamina.plot import fitting
from lamina.plot.landscape import _coordinates, _filter_normalised

keras = tf.keras


def rows(count=64):
    x = np.random.default_rng(0).normal(size=(count, 2)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("float32")[:, None]


def diverged():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.set_weights([weights * np.nan for weights in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(6, "tanh", name="hidden"), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    history = plot.WeightHistory()
    model.fit(*rows(), epochs=4, verbose=0, callbacks=[history])
    return model, history


def test_boundary_of_a_function_lies_where_it_says():
    x, y = rows()
    ax = plot.decision_boundary(lambda rows: 1 / (1 + np.exp(-rows.sum(axis=1))), x, y[:, 0])
    image = ax.get_images()[0].get_array()
    left, right, bottom, top = ax.get_images()[0].get_extent()
    across, up = np.linspace(left, right, 200), np.linspace(bottom, top, 200)
    expected = 1 / (1 + np.exp(-(across[None] + up[:, None])))
    np.testing.assert_allclose(image, expected, atol=1e-5)
    border = ax.collections[0].get_paths()[0].vertices
    np.testing.assert_allclose(border.sum(axis=1), 0, atol=0.05)
    points = [line.get_xydata() for line in ax.get_lines()]
    np.testing.assert_allclose(points[1], x[y[:, 0] == 1])


def test_boundary_of_several_classes_and_other_features():
    x = np.random.default_rng(0).normal(size=(30, 3)).astype("float32")
    labels = np.arange(30) % 3
    seen = []

    def scores(grid):
        seen.append(grid)
        return np.stack([grid[:, 2], 0 * grid[:, 0], -grid[:, 2]], axis=1)

    ax = plot.decision_boundary(
        scores, x, np.eye(3)[labels], features=(2, 0), feature_names=["a", "b", "$c$"], style="dark"
    )
    np.testing.assert_allclose(seen[0][:, 1], x[:, 1].mean(), rtol=1e-6)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$c$", "a")
    assert set(np.unique(ax.get_images()[0].get_array())) == {0, 2}
    assert "1 other at the mean" in ax.get_title("left")


class _Estimator:
    """As scikit-learn has them: it says which classes there are."""

    def __init__(self, classes, sure=False):
        self.classes_ = np.asarray(classes)
        if not sure:
            self.predict_proba = lambda rows: np.stack([1 - rows[:, 0], rows[:, 0]], axis=1)

    def predict(self, rows):
        return self.classes_[(rows[:, 0] > 0.5).astype(int)]


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (["no", "_yes"], ["no", "\u200a_yes"]),
        ([1, 2], ["class 1", "class 2"]),
        ([False, True], ["class False", "class True"]),
    ],
)
@pytest.mark.parametrize("sure", [False, True])
def test_boundary_of_an_estimator_with_classes_of_its_own(classes, names, sure):
    x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])  # whole numbers, with places between them
    y = np.asarray(classes)[x[:, 0]]
    ax = plot.decision_boundary(_Estimator(classes, sure), x, y)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    second = ax.get_lines()[1].get_xydata()
    np.testing.assert_array_equal(second, [[1, 0], [1, 1]])
    image = ax.get_images()[0].get_array()
    assert image[:, -1].min() >= 0.9 and image[:, 0].max() <= 0.1
    assert len(np.unique(image)) == (2 if sure else 200)
    with pytest.raises(InvalidArgumentError, match="model's classes"):
        plot.decision_boundary(_Estimator(classes), x, ["?"] * 4)


def test_boundary_of_booleans_gaps_and_frames():
    frame = pd.DataFrame({"$a": [0.0, 1.0, np.nan, 3.0], "_b": [0.0, 1.0, 2.0, 3.0]})
    ax = plot.decision_boundary(lambda rows: rows[:, 0] / 3, frame, frame["_b"] > 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$a", "_b")
    assert np.isfinite(ax.get_images()[0].get_array()).all()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((len, np.array([["a", "b"]]), [0]), {}, "numbers of shape"),
        ((len, np.array([[1, np.nan]]), [0]), {}, "finite"),
        ((len, np.ones((3, 1)), [0, 1, 0]), {}, "2 or more"),
        ((len, np.ones((3, 2)), ["a", "b", "a"]), {}, "a class, from 0 on"),
        ((len, np.ones((3, 2)), [0, -1, 0]), {}, "classes from 0 on"),
        ((len, np.ones((3, 2)), [0, 1, 0]), {"features": (0, 2)}, "columns from 0 to 1"),
        ((lambda grid: grid[:3, 0], np.ones((3, 2)), [0, 1, 0]), {}, "one row of probabilities"),
        ((3, np.ones((3, 2)), [0, 1, 0]), {}, "must have predict"),
        (
            (lambda grid: grid[:, 0], np.ones((3, 2)), [0, 1, 0]),
            {"class_names": ["a"]},
            "needs 2 names",
        ),
    ],
)
def test_mistakes_of_boundaries(arguments, options, message):
    with pytest.raises(InvalidArgumentError, match=message):
        plot.decision_boundary(*arguments, **options)


def test_initializers_spread_as_theory_says():
    ax = plot.initializers("zeros", "he_normal", activation="relu", layers=6)
    zeros, he = (line.get_ydata() for line in ax.get_lines())
    assert zeros[1:].max() < 1e-7
    assert 0.4 < he[-1] / he[0] < 1.5  # He et al. 2015: relu keeps the size of what goes through
    glorot = plot.initializers("glorot_uniform", activation="relu", layers=6).get_lines()[0]
    shrinks = glorot.get_ydata()
    np.testing.assert_allclose(shrinks[-1] / shrinks[1], 2**-2.5, rtol=0.3)  # half the variance
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["zeros: units alike", "he_normal"]


def test_gradients_are_those_of_the_tape(trained):
    model, _ = trained
    x, y = rows()
    ax = plot.gradients(model, x, y)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    kernels = [layer.kernel for layer in model.layers]
    expected = [np.sqrt(np.mean(np.square(g))) for g in tape.gradient(loss, kernels)]
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], expected, rtol=1e-5)
    deep = keras.Sequential(
        [keras.Input((2,)), *(keras.layers.Dense(4, "sigmoid") for _ in "12345678")]
    )
    assert "vanishes" in plot.gradients(deep, x, np.zeros((64, 4)), loss="mse").get_title("left")


def test_gradients_of_several_outputs():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, {name: keras.layers.Dense(1, name=name)(inputs) for name in "pq"})
    model.compile("sgd", {"p": "mse", "q": "mae"})
    x, y = rows()
    ax = plot.gradients(model, x.tolist(), {"p": y, "q": y.tolist()})
    assert len(ax.patches) == 2 and all(bar.get_height() > 0 for bar in ax.patches)


def test_weights_over_epochs_of_a_training_that_diverged():
    model = diverged()
    history = plot.WeightHistory()
    history.epochs = [[np.ones((2, 1)), np.zeros(1)], model.get_weights()]
    ax = plot.weights(model, history=history)
    assert np.isnan(ax.get_lines()[1].get_ydata()[1])


def test_weights_now_and_over_epochs(trained):
    model, history = trained
    ax = plot.weights(model)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "hidden",
        model.layers[1].name,
    ]
    shares = [patch.get_data().values.sum() for patch in ax.patches]
    np.testing.assert_allclose(shares, 1.0)
    ax = plot.weights(model, "hidden", history=history)
    medians = [np.median(epoch[0]) for epoch in history.epochs]
    assert len(medians) == 5  # before training, and after each epoch
    np.testing.assert_allclose(ax.get_lines()[1].get_ydata(), medians, rtol=1e-6)
    np.testing.assert_array_equal(history.epochs[-1][0], model.get_weights()[0])


def test_landscape_of_random_directions(trained):
    model, history = trained
    before = model.get_weights()
    ax = plot.loss_landscape(model, *rows(), history=history, points=7, span=0.5)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    plane = _filter_normalised(before, np.random.default_rng(0))
    path = next(line for line in ax.get_lines() if line.get_label() == "epochs").get_xydata()
    expected = [_coordinates(weights, before, plane) for weights in history.epochs]
    np.testing.assert_allclose(path, expected, rtol=1e-6)
    np.testing.assert_allclose(path[-1], 0, atol=1e-6)
    for direction in plane:  # a unit's part is as large as the unit's weights; biases stay
        for part, weights in zip(direction, before, strict=True):
            if weights.ndim == 2:
                norms = [np.linalg.norm(matrix, axis=0) for matrix in (part, weights)]
                np.testing.assert_allclose(*norms, rtol=1e-6)
            else:
                assert not part.any()


def test_landscape_along_the_path_holds_the_path(trained):
    model, history = trained
    ax = plot.loss_landscape(model, *rows(), history=history, directions="path", points=5)
    path = next(line for line in ax.get_lines() if line.get_label() == "epochs").get_xydata()
    moves = np.stack([np.concatenate([w.ravel() for w in epoch]) for epoch in history.epochs])
    moves = moves - moves[-1]
    lengths = np.linalg.norm(path, axis=1)
    assert np.all(lengths <= np.linalg.norm(moves, axis=1) * (1 + 1e-6))
    assert lengths[0] > 0.9 * np.linalg.norm(moves[0])
    assert ax.get_xlabel().startswith("component 1")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda m: plot.loss_landscape(m, *rows(), directions="pth"),
            InvalidArgumentError,
            "'path'",
        ),
        (lambda m: plot.loss_landscape(m, *rows(), points=3), InvalidArgumentError, "5 to 201"),
        (lambda m: plot.loss_landscape(m, *rows(), span=0), InvalidArgumentError, "positive"),
        (
            lambda m: plot.loss_landscape(m, *rows(), directions="path"),
            InvalidArgumentError,
            "WeightHistory",
        ),
        (lambda m: plot.weights(m, "hiden"), UnknownNameError, "Did you mean 'hidden'"),
        (lambda m: plot.weights(m, 2), InvalidArgumentError, "from 0 to 1"),
        (lambda m: plot.weights(m, history=3), InvalidArgumentError, "fit's callbacks"),
        (lambda m: plot.weights(diverged()), InvalidArgumentError, "the training diverged"),
        (lambda m: plot.loss_landscape(diverged(), *rows()), InvalidArgumentError, "diverged"),
        (lambda m: plot.weights(keras.Sequential()), InvalidArgumentError, "no dense layer"),
        (lambda m: plot.gradients(3, 1, 1), InvalidArgumentError, "must be a Keras model"),
        (lambda m: plot.initializers(units=1), InvalidArgumentError, "at least 2"),
        (lambda m: plot.overfitting([1.0]), InvalidArgumentError, "together"),
        (lambda m: plot.overfitting(units=(3, 2)), InvalidArgumentError, "rising"),
        (lambda m: plot.network(m, dropout_seed=1), InvalidArgumentError, "no Dropout layer"),
    ],
)
def test_mistakes(trained, call, error, message):
    with pytest.raises(error, match=message):
        call(trained[0])


def test_overfitting_draws_fits_and_errors():
    ax = plot.overfitting(units=(1, 40), epochs=400)
    few, many, errors = ax.child_axes
    assert [part.get_title("left") for part in (few, many)] == ["1 unit", "40 units"]
    x, y = fitting._rows(None, None, 0)
    fits = [fitting.fitted(x, y, units, 400) for units in (1, 40)]
    training, validation = (line.get_ydata() for line in errors.get_lines())
    np.testing.assert_allclose(training, [fit.training for fit in fits])
    np.testing.assert_allclose(validation, [fit.validation for fit in fits])
    assert training[1] < training[0]
    curve = few.get_lines()[2].get_ydata()
    np.testing.assert_allclose(curve, fits[0].y)


def test_one_mask_of_dropout_is_crossed_out():
    layers = [keras.layers.Dense(16), keras.layers.Dropout(0.25), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    ax = plot.network(model, dropout_seed=1)
    marks = [found for found in ax.collections if found.get_linewidth()[0] == 1.8]
    assert len(marks) == 1  # neither inputs nor outputs are dropped
    crosses = len(marks[0].get_offsets())
    assert 0 < crosses < 16
    lines = [found.get_segments() for found in ax.collections if hasattr(found, "get_segments")]
    assert [len(edges) for edges in lines] == [3 * (16 - crosses), 2 * (16 - crosses)]
    assert f"{crosses} node" in ax.get_title("left")
