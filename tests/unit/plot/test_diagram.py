"""The network: nodes, edges, captions, and which models can be drawn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb

from lamina import keras, plot
from lamina.core.errors import InvalidArgumentError
from lamina.plot.theme import THEMES

RANDOM = np.random.default_rng(3)


def _edges(ax: Any) -> list[LineCollection]:
    return [item for item in ax.collections if isinstance(item, LineCollection)]


def _nodes(ax: Any) -> list[PathCollection]:
    return [item for item in ax.collections if isinstance(item, PathCollection)]


def _texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_colour_is_the_sign_and_width_the_size_of_a_weight() -> None:
    kernel = np.array([[1.0, -4.0], [0.0, 2.0]])
    ax = plot.network([kernel])
    (edges,) = _edges(ax)
    blue, orange = (to_rgb(color) for color in THEMES["light"].series[:2])
    drawn = {}
    for segment, color, width in zip(
        edges.get_segments(), edges.get_colors(), edges.get_linewidths(), strict=True
    ):
        (_, start), (_, end) = segment
        drawn[start, end] = (tuple(color[:3]), color[3], width)
    weights = {(0.5, 0.5): 1.0, (0.5, -0.5): -4.0, (-0.5, 0.5): 0.0, (-0.5, -0.5): 2.0}
    assert drawn.keys() == weights.keys()
    for ends, weight in weights.items():
        color, opacity, width = drawn[ends]
        assert color == pytest.approx(orange if weight < 0 else blue)
        assert width == pytest.approx(0.3 + 2.2 * abs(weight) / 4)
        assert opacity == pytest.approx(0.06 + 0.89 * abs(weight) / 4)
    assert list(edges.get_linewidths()) == sorted(edges.get_linewidths())  # strong ones on top


def test_a_model_is_drawn_with_names_and_activations(model: Any) -> None:
    ax = plot.network(model, feature_names=["age", "limit", "bill", "paid"])
    assert [len(nodes.get_offsets()) for nodes in _nodes(ax)] == [4, 3, 1]
    assert [len(edges.get_segments()) for edges in _edges(ax)] == [12, 3]
    texts = _texts(ax)
    assert {"inputs", "hidden", "risk", "4", "3 relu", "1 sigmoid"} <= set(texts)
    assert texts[-4:] == ["age", "limit", "bill", "paid"]
    heights = [text.xy[1] for text in ax.texts[-4:]]
    assert heights == list(_nodes(ax)[0].get_offsets()[:, 1])  # a name beside its node
    assert ax.get_title(loc="left") == "Network 4–3–1: 15 weights"


def test_long_layers_are_abridged_and_say_so() -> None:
    names = [f"x{place}" for place in range(100)]
    kernels = [RANDOM.normal(size=(100, 7)), RANDOM.normal(size=(7, 3))]
    ax = plot.network(kernels, feature_names=names, most_nodes=5)
    nodes, dots = _nodes(ax)[0::2][:1], [item for item in _nodes(ax) if item.get_sizes()[0] < 10]
    assert len(nodes[0].get_offsets()) == 5
    assert len(dots) == 2
    assert {"5 of 100 shown", "5 of 7 shown", "3"} <= set(_texts(ax))
    assert _texts(ax)[-5:] == ["x0", "x1", "x2", "x98", "x99"]
    assert len(_edges(ax)[0].get_segments()) == 25
    assert ax.get_title(loc="left") == "Network 100–7–3: 721 weights"


def test_strength_is_relative_to_the_whole_layer_also_where_it_is_abridged() -> None:
    kernel = np.ones((10, 1))
    kernel[5] = 10.0  # not among those drawn
    (edges,) = _edges(plot.network([kernel], most_nodes=4))
    np.testing.assert_allclose(edges.get_linewidths(), 0.3 + 2.2 / 10)


def test_weights_of_zero_are_drawn() -> None:
    (edges,) = _edges(plot.network([np.zeros((2, 2))]))
    np.testing.assert_allclose(edges.get_linewidths(), 0.3)


def test_biases_in_a_list_of_weights_are_left_out() -> None:
    weights = [np.ones((3, 2)), np.ones(2), np.ones((2, 1)), np.ones(1)]
    assert plot.network(weights).get_title(loc="left") == "Network 3–2–1: 8 weights"


def test_layers_without_kernel_are_read_by_their_weights() -> None:
    layer = SimpleNamespace(name="dense", get_weights=lambda: [np.ones((2, 3)), np.ones(3)])
    activation = SimpleNamespace(name="activation", activation="tanh")
    nested = SimpleNamespace(layers=[layer, activation])
    ax = plot.network(SimpleNamespace(layers=[nested]))
    assert {"dense", "3 tanh"} <= set(_texts(ax))


def test_an_activation_layer_replaces_linear() -> None:
    layers = [
        SimpleNamespace(name="dense", kernel=np.ones((1, 1)), activation="linear"),
        SimpleNamespace(name="activation", activation=SimpleNamespace(name="softplus")),
    ]
    assert "1 softplus" in _texts(plot.network(SimpleNamespace(layers=layers)))


def test_everything_lies_inside_the_picture(model: Any) -> None:
    ax = plot.network(model, feature_names=["a very long name of a column " + c for c in "abcd"])
    ax.figure.canvas.draw()
    width, height = ax.figure.bbox.size
    for artist in (*ax.texts, ax.get_legend()):
        box = artist.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height


def _model(*kernels: Any) -> Any:
    return SimpleNamespace(layers=[SimpleNamespace(name="dense", kernel=k) for k in kernels])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot.network(7), "with .layers or from a list"),
        (lambda: plot.network([]), "Build the model first"),
        (lambda: plot.network(_model(np.ones((3, 3, 1, 4)))), r"shape \(inputs, units\)"),
        (lambda: plot.network(_model(np.ones((2, 3)), np.ones((4, 1)))), "3 units but 'dense'"),
        (lambda: plot.network([np.full((2, 2), np.nan)]), "diverged"),
        (lambda: plot.network([np.ones((1, 1))] * 16), "at most 15 dense layers"),
        (lambda: plot.network([np.ones((2, 1))], feature_names=["a"]), "needs 2 names"),
        (lambda: plot.network([np.ones((2, 1))], most_nodes=1), "at least 2"),
        (
            lambda: plot.network(
                SimpleNamespace(
                    layers=[SimpleNamespace(name="rnn", get_weights=lambda: [np.ones((2, 2))] * 2)]
                )
            ),
            "'rnn' has 2 weight matrices",
        ),
    ],
)
def test_bad_input_says_what_to_do(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()


def test_models_that_are_no_chain_are_refused_though_their_sizes_fit() -> None:
    inputs = keras.Input((4,), name="inputs")
    first, second = keras.layers.Dense(4, name="first"), keras.layers.Dense(4, name="second")
    hidden = first(inputs)
    for output, message in (
        (hidden + second(inputs), "'second' takes the outputs of 'inputs', not of 'first'"),
        (second(hidden + inputs), "outputs of 'first' and 'inputs'"),
        (first(hidden), "'first' is used 2 times"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            plot.network(keras.Model(inputs, output))
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    chain = keras.Model(inputs, inner(keras.layers.Dropout(0.5)(hidden * 2.0)))
    assert plot.network(chain).get_title("left") == "Network 4–4–4–2: 40 weights"
