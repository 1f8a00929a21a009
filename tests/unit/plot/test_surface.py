"""Surfaces, races and activations: what the pictures contain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import lamina as tf
from lamina import functions, plot
from lamina.core.errors import InvalidArgumentError
from lamina.plot.theme import THEMES

WAYS = {"Adam": [(0.0, 0.0), (1.0, 1.5), (2.5, 2.0)], "$x$": [(0.0, 0.0), (-1.0, -1.0)]}


def lines(ax, gid):
    return [line for line in ax.get_lines() if line.get_gid() == gid]


@pytest.mark.parametrize("style", ["light", "dark"])
def test_contours_ways_and_minima(style):
    ax = plot.surface(functions.himmelblau, paths=WAYS, style=style)
    for line, points in zip(lines(ax, "way"), WAYS.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), points)
    stars = next(line for line in ax.get_lines() if line.get_label() == "minimum")
    np.testing.assert_allclose(stars.get_xydata(), functions.himmelblau.minima)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["minimum", "Adam", "$x$"]
    assert (ax.get_xlim(), ax.get_ylim()) == functions.himmelblau.bounds
    ax.figure.draw_without_rendering()


def test_a_function_of_ones_own_and_one_variable():
    ax = plot.surface(lambda x: x * x, [(-1, 2)], paths={"SGD": [2.0, 1.0, 0.5]})
    np.testing.assert_allclose(lines(ax, "way")[0].get_xydata(), [(2, 4), (1, 1), (0.5, 0.25)])
    curve = ax.get_lines()[0].get_xydata()
    np.testing.assert_allclose(curve[:, 1], curve[:, 0] ** 2)


def test_only_minima_within_the_bounds_are_drawn():
    bounds = ((-100, 100), (-100, 100))
    flat = plot.surface(functions.eggholder, bounds)
    solid = plot.surface(functions.eggholder, bounds, kind="3d", paths={"way": [(0, 0), (1, 1)]})
    assert flat.get_legend() is None and len(flat.get_lines()) == 0
    assert [line.get_label() for line in solid.get_lines()] == ["way"]
    assert plot.surface(functions.two_minima, ((-0.5, 0.5),)).get_legend() is None


def test_a_way_over_a_surface_with_holes():
    ax = plot.surface(
        lambda x, y: np.where(x > 0, x + y, np.nan),
        ((-1, 1), (0, 1)),
        kind="3d",
        paths={"way": [(0.5, 0.5)]},
    )
    np.testing.assert_allclose(ax.get_lines()[0].get_data_3d()[2], 1, atol=0.05)


def test_a_race_in_which_all_diverge():
    found = plot.race(functions.rosenbrock, [tf.keras.optimizers.SGD(10.0)], steps=9)
    ax = plot.compare_optimizers(found)
    assert ax.get_title("left") == "None of them stays finite"
    assert ax.get_ylim()[1] < 1000 and ax.get_xlim()[1] == 9


def test_solid():
    ax = plot.surface(functions.rosenbrock, kind="3d", paths={"Adam": [(0.0, 0.0), (9.0, 9.0)]})
    assert ax.name == "3d"
    way = next(line for line in ax.get_lines() if line.get_label() == "Adam")
    assert len(way.get_data_3d()[0]) == 1  # what lies outside of the bounds is not drawn
    ax.figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((lambda x: x,), {}, "a pair .low, high. for each variable"),
        ((functions.beale, [(1, 0), (0, 1)]), {}, "low < high"),
        ((functions.beale,), {"kind": "contur"}, "Did you mean 'contour'"),
        ((functions.beale,), {"paths": {"a": [1.0]}}, r"shape \(steps, 2\)"),
        ((functions.two_minima,), {"kind": "3d"}, "no surface"),
        ((lambda x, y: 0 * x + y * 0, [(0, 1), (0, 1)]), {}, "one value everywhere"),
        ((lambda x, y: 1.0, [(0, 1), (0, 1)]), {}, "one value for each point"),
        ((lambda x: x * np.nan, [(0, 1)]), {}, "nowhere finite"),
        ((lambda x, y: x * np.nan, [(0, 1), (0, 1)]), {}, "nowhere finite"),
        ((functions.beale,), {"ax": Figure().add_subplot(projection="3d")}, "rectilinear"),
        ((functions.beale,), {"ax": Figure().add_subplot(), "kind": "3d"}, "projection '3d'"),
    ],
)
def test_mistakes_of_surfaces(arguments, options, message):
    with pytest.raises(InvalidArgumentError, match=message):
        plot.surface(*arguments, **options)


def test_race_on_a_function():
    adam = tf.keras.optimizers.Adam(0.1)
    found = plot.race(functions.himmelblau, {"A": adam, "sgd": "sgd"}, steps=30)
    assert next(iter(found.runs)) == "A" and list(found.runs)[1].startswith("sgd, 0.")
    run = found.runs["A"]
    variables = [tf.Variable(np.float64(x)) for x in functions.himmelblau.start]
    again = tf.keras.optimizers.Adam(0.1)
    for row in range(31):
        np.testing.assert_allclose(run.path[row], [float(v) for v in variables], rtol=1e-6)
        np.testing.assert_allclose(run.losses[row], functions.himmelblau(*variables), rtol=1e-5)
        again.minimize(lambda: functions.himmelblau(*variables), variables)
    assert adam.iterations.numpy() == 0  # the optimizer that was given is left alone
    by_step = plot.compare_optimizers(found)
    np.testing.assert_array_equal(by_step.get_lines()[0].get_ydata(), run.losses)
    by_time = plot.compare_optimizers(found, show="time")
    np.testing.assert_allclose(by_time.get_lines()[0].get_xdata(), run.seconds * 1e3)
    ways = lines(plot.compare_optimizers(found, show="paths"), "way")
    np.testing.assert_array_equal(ways[0].get_xydata(), run.path)


def test_race_of_models_with_several_outputs_from_a_frame():
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 8, "b": [1.0, 0.0] * 16})
    inputs = tf.keras.Input((2,))
    outputs = {name: tf.keras.layers.Dense(1, name=name)(inputs) for name in "pq"}
    model = tf.keras.Model(inputs, outputs)
    targets = {"p": frame["a"], "q": frame["b"].to_numpy()}
    options = {"x": frame, "y": targets, "loss": {"p": "mse", "q": "mae"}, "steps": 3}
    run = plot.race(model, [tf.keras.optimizers.SGD(0.01)], **options).runs["SGD, 0.01"]
    assert run.losses[-1] < run.losses[0]
    np.testing.assert_allclose(np.diff(run.seconds), run.seconds[1])  # compiling is left out


def test_race_of_models_starts_from_the_same_weights():
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 3)).astype("float32")
    y = x @ np.array([[1.0], [-2.0], [0.5]], "float32")
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
    before = model.get_weights()
    rates = {"slow": tf.keras.optimizers.SGD(0.001), "fast": tf.keras.optimizers.SGD(0.1)}
    found = plot.race(model, rates, x=x.tolist(), y=y, loss="mse", steps=3)
    slow, fast = found.runs["slow"].losses, found.runs["fast"].losses
    np.testing.assert_allclose(slow[0], np.mean((x @ before[0] - y) ** 2), rtol=1e-5)
    assert slow[0] == fast[0] and fast[-1] < slow[-1] < slow[0]
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    ax = plot.compare_optimizers(found)
    assert ax.get_title("left") == "Lowest after 3 epochs: fast" and ax.get_xlabel() == "epoch"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.race(3), "a function or a built model"),
        (lambda: plot.race(lambda x: x * x), "needs start"),
        (lambda: plot.race(lambda x: x, start=[1], bounds=[(0, 1)] * 2), "agree"),
        (lambda: plot.race(functions.beale, []), "no optimizers"),
        (lambda: plot.race(functions.beale, ["adam", "adam"]), "dict of optimizers by label"),
        (lambda: plot.race(functions.beale, steps=0), "positive integer"),
        (lambda: plot.race(tf.keras.Sequential(), x=[1], y=[1]), "no weights yet"),
        (lambda: plot.race(tf.keras.Sequential()), "give x and y"),
        (lambda: plot.compare_optimizers(functions.beale, show="path"), "Did you mean 'paths'"),
        (lambda: plot.animate_optimizers(functions.beale, "a.mp4"), "ends in .gif or .html"),
        (lambda: plot.animate_optimizers(functions.beale, "a.gif", seconds=0), "at most 60"),
    ],
)
def test_mistakes_of_races(call, message):
    with pytest.raises(InvalidArgumentError, match=message):
        call()


@pytest.mark.parametrize("ending", ["gif", "html"])
def test_animation(ending, tmp_path):
    rates = {str(rate): tf.keras.optimizers.SGD(rate) for rate in (0.01, 0.008, 0.006, 0.004)}
    found = plot.race(functions.himmelblau, rates, steps=9)
    path = tmp_path / f"race.{ending}"
    plot.animate_optimizers(found, path, seconds=0.2)
    content = path.read_bytes()
    if ending == "gif":
        from PIL import Image

        with Image.open(path) as picture:
            assert picture.n_frames == 4
            first = picture.convert("RGB").tobytes()
            picture.seek(3)
            assert picture.convert("RGB").tobytes() != first
            colors = np.array([color for _, color in picture.convert("RGB").getcolors()])
            for color in THEMES["light"].series[:4]:
                assert np.abs(colors - [*bytes.fromhex(color[1:])]).max(axis=1).min() <= 3
    else:
        assert (
            content.count(b"iVBOR") == 4 and b"http" not in content
        )  # PNG; nothing from elsewhere


def test_activations_and_their_derivatives():
    ax = plot.activations("tanh", "relu", bounds=(-2, 2))
    x = ax.get_lines()[0].get_xdata()
    values, slopes, relu, steps = (line.get_ydata() for line in ax.get_lines()[:4])
    np.testing.assert_allclose(values, np.tanh(x), rtol=1e-12)
    np.testing.assert_allclose(slopes, 1 - np.tanh(x) ** 2, rtol=1e-9)
    np.testing.assert_allclose(relu, np.maximum(x, 0))
    np.testing.assert_allclose(steps, x > 0)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "tanh",
        "relu",
        "derivative",
    ]
    assert len(plot.activations("gelu", derivatives=False).get_lines()) == 1


@pytest.mark.parametrize(
    ("function", "message"),
    [("softmax", "whole layer"), (tf.reduce_sum, "whole layer"), ("rellu", "relu")],
)
def test_activations_without_a_curve(function, message):
    with pytest.raises(InvalidArgumentError, match=message):
        plot.activations(function)


def test_the_courses_borrowers():
    without, with_sigmoid = plot.why_nonlinear().child_axes
    texts = [
        [text.get_text() for text in half.get_legend().get_texts()]
        for half in (without, with_sigmoid)
    ]
    assert texts == [["young: +0.800", "old: +0.800"], ["young: +0.163", "old: +0.142"]]
    np.testing.assert_allclose(without.get_lines()[0].get_ydata(), [0.5, 1.3])
    assert "is the same at any age" in plot.why_nonlinear("relu").get_title("left")
