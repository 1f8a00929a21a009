"""Pictures of models: what they show, and where it stands."""

from __future__ import annotations

import re
import sys
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    MissingPackageError,
)
from lamina.plot.layered import place

keras = tf.keras
SVG = "{http://www.w3.org/2000/svg}"


def branched() -> Any:
    layers = keras.layers
    a, b = keras.Input((8,), name="a"), keras.Input((3,), name="b")
    inner = keras.Sequential(
        [keras.Input((8,)), layers.Dense(4, "relu", name="first"), layers.Dense(2, name="second")],
        name="inner",
    )
    inner.trainable = False
    joined = layers.Concatenate(name="joined")([inner(a), layers.Dense(4, name="left")(b) * 2.0])
    long = layers.Concatenate(name="again")([layers.Dense(5, name="deep")(joined), b])
    return keras.Model([a, b], layers.Dense(1, "sigmoid", name="out")(long), name="whole")


def drawn(path: Path, model: Any, **options: Any) -> tuple[list[Any], list[str], Any]:
    """Boxes (x, y, width, height), texts, and the root of the SVG."""
    keras.utils.plot_model(model, path, **options)
    root = ET.parse(path).getroot()
    boxes = [
        tuple(float(rect.get(name)) for name in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if rect.get("x")
    ]
    return boxes, [text.text or "" for text in root.iter(f"{SVG}text")], root


def test_names_shapes_and_states(tmp_path: Path) -> None:
    options = {
        "show_layer_names": True,
        "show_shapes": True,
        "show_dtype": True,
        "show_layer_activations": True,
        "show_trainable": True,
    }
    _, plain, _ = drawn(tmp_path / "a.svg", branched())
    assert sorted(set(plain)) == ["Concatenate", "Dense", "InputLayer", "Multiply", "Sequential"]
    _, texts, _ = drawn(tmp_path / "b.svg", branched(), **options)
    place = texts.index("out (Dense)")
    assert texts[place : place + 6] == [
        "out (Dense)",
        "Activation: sigmoid",
        "Input shape: (None, 8)",
        "Output shape: (None, 1)",
        "Output dtype: float32",
        "Trainable",
    ]
    place = texts.index("inner (Sequential)")
    assert "Non-trainable" in texts[place : place + 5]
    assert "Input shape: (None, 5), (None, 3)" in texts


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("nested", [False, True])
def test_boxes_do_not_overlap_and_arrows_lead_onwards(
    tmp_path: Path, rankdir: str, nested: bool
) -> None:
    options = {"rankdir": rankdir, "expand_nested": nested, "show_shapes": True}
    boxes, texts, root = drawn(tmp_path / "a.svg", branched(), **options)
    assert ("inner" in texts) == nested
    width, height = float(root.get("width")[:-2]), float(root.get("height")[:-2])
    for (x, y, w, h), (u, v, m, n) in combinations(boxes, 2):
        apart = x + w <= u + 0.1 or u + m <= x + 0.1 or y + h <= v + 0.1 or v + n <= y + 0.1
        within = (x <= u and u + m <= x + w + 0.1) and (y <= v and v + n <= y + h + 0.1)
        assert apart or within or (u, v, m) == (x, y, w)  # a box and its title
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    axis, sign = (0 if rankdir in ("LR", "RL") else 1), (1 if rankdir in ("TB", "LR") else -1)
    ways = [p.get("d") for p in root.iter(f"{SVG}path") if p.get("marker-end")]
    assert len(ways) == (9 if not nested else 10)
    for way in ways:
        points = [tuple(map(float, p.split())) for p in re.findall(r"[\d.]+ [\d.]+", way)]
        steps = [sign * (b[axis] - a[axis]) for a, b in pairwise(points)]
        assert min(steps) >= -0.1


@pytest.mark.parametrize("splines", ["ortho", "polyline", "line", "spline", "curved"])
def test_arrows_run_as_asked_for(tmp_path: Path, splines: str) -> None:
    *_, root = drawn(tmp_path / "a.svg", branched(), splines=splines)
    ways = [p.get("d") for p in root.iter(f"{SVG}path") if p.get("marker-end")]
    bends = [way.count("L") + way.count("C") for way in ways]
    assert any("C" in way for way in ways) == (splines in ("spline", "curved"))
    assert (max(bends) == 1) == (splines == "line")
    if splines == "ortho":
        for way in ways:
            points = [tuple(map(float, p.split())) for p in re.findall(r"[\d.]+ [\d.]+", way)]
            turns = [min(abs(a - c), abs(b - d)) for (a, b), (c, d) in pairwise(points)]
            assert max(turns) <= 0.6


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_other_files_need_matplotlib(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a.{ending}"
    keras.utils.plot_model(branched(), path, dpi=50, expand_nested=True, splines="spline")
    assert path.read_bytes()[:4] == {"png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    monkeypatch.chdir(tmp_path)
    keras.utils.plot_model(branched(), "without_ending")
    assert (tmp_path / "without_ending.png").exists()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match=r"lamina\[plot\]"):
        keras.utils.plot_model(branched(), path)
    keras.utils.plot_model(branched(), tmp_path / "a.svg")


def test_models_of_other_kinds(tmp_path: Path) -> None:
    class Own(keras.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    stack = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    assert drawn(tmp_path / "a.svg", stack)[1] == ["Dense", "Dense"]
    own = Own()
    with pytest.raises(FailedPreconditionError, match="is not built"):
        keras.utils.plot_model(own, tmp_path / "b.svg")
    own(tf.ones((2, 4)))
    assert drawn(tmp_path / "b.svg", own)[1] == ["Own"]


def test_a_notebook_gets_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = SimpleNamespace(SVG=lambda filename: ("svg", filename), Image=None)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    path = str(tmp_path / "a.svg")
    assert keras.utils.plot_model(branched(), path) == ("svg", path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to_file": "a.gif"}, "a .svg, .png or .pdf file; got 'a.gif'"),
        ({"rankdir": "UP"}, "rankdir is one of TB, BT, LR, RL; got 'UP'"),
        ({"splines": "wavy"}, "splines is one of"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        keras.utils.plot_model(branched(), **options)
    with pytest.raises(ArgumentTypeError, match="does not know the argument 'layer_range'"):
        keras.utils.plot_model(branched(), layer_range=["a", "b"])


def test_long_arrows_pass_the_boxes_between() -> None:
    sizes = dict.fromkeys("abcd", (40.0, 20.0))
    places = place(sizes, [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])
    for x, y in places.ways["a", "d"][1:-1]:
        for name in "bc":
            across, along = places.centres[name]
            assert abs(x - across) >= 20 or abs(y - along) >= 10


def test_few_arrows_cross() -> None:
    sizes = dict.fromkeys("abcdef", (30.0, 10.0))
    places = place(sizes, [("a", "f"), ("b", "e"), ("c", "d")])
    at = {name: places.centres[name][0] for name in sizes}
    assert sorted("abc", key=at.get) == [
        {"f": "a", "e": "b", "d": "c"}[name] for name in sorted("def", key=at.get)
    ]


def test_graphs_of_pydot(monkeypatch: pytest.MonkeyPatch) -> None:
    pydot = pytest.importorskip("pydot")
    graph = keras.utils.model_to_dot(branched(), show_shapes=True, rankdir="LR")
    assert isinstance(graph, pydot.Dot) and graph.get_rankdir() == "LR"
    assert len([node for node in graph.get_nodes() if node.get_name() != "node"]) == 9
    assert len(graph.get_edges()) == 9
    assert "<b>out</b> (Dense)" in graph.to_string()
    nested = keras.utils.model_to_dot(branched(), expand_nested=True)
    (cluster,) = nested.get_subgraphs()
    assert len(cluster.get_nodes()) == 2 and len(cluster.get_edges()) == 1
    inside = {node.get_name() for node in cluster.get_nodes()}
    outside = [(e.get_source(), e.get_destination()) for e in nested.get_edges()]
    assert sum((a in inside) + (b in inside) for a, b in outside) == 2
    assert isinstance(keras.utils.model_to_dot(branched(), subgraph=True), pydot.Cluster)


def test_graphs_need_pydot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(MissingPackageError, match="pip install pydot"):
        keras.utils.model_to_dot(branched())
