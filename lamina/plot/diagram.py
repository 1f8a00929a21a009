"""A dense network as nodes and edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe
from .boxes import Options, diagram
from .theme import LARGE, NORMAL, SMALL, Theme, canvas, headline, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Matrix = npt.NDArray[np.float64]
_COLUMN, _NODE = 1.45, 0.24  # inches from layer to layer, and from node to node
_MOST_COLUMNS = 16


class DenseLayer(NamedTuple):
    """A weight matrix of shape (inputs, units) and what stands below its units."""

    kernel: Matrix
    name: str
    activation: str


class _Column(NamedTuple):
    shown: npt.NDArray[np.intp]  # which nodes of the layer are drawn
    heights: Matrix  # where
    size: int  # how many nodes there are
    dropped: npt.NDArray[np.bool_]  # which of those shown are left out


def network(
    model: Any,
    *,
    feature_names: Sequence[Any] | None = None,
    most_nodes: int = 24,
    dropout_seed: int | None = None,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw the nodes and weights of a dense network, inputs at the left.

    `model` is a Keras-like model (its dense layers must form a chain), or a list of weight
    matrices of shape (inputs, units); vectors in that list are biases, which are not drawn. Colour
    is the sign of a weight; width and opacity its size, relative to the largest of its layer. Of a
    layer with more than `most_nodes` nodes, the first and last are drawn, with "n of N shown"
    below. With `dropout_seed`, nodes that one mask of the model's Dropout layers drops are crossed
    out and their weights left away, as in a step of training. `style` is "light" or "dark".
    """
    layers = dense_layers(model)
    if isinstance(most_nodes, bool) or not isinstance(most_nodes, int) or most_nodes < 2:
        raise InvalidArgumentError(
            f"most_nodes must be an integer of at least 2; got {describe(most_nodes)}."
        )
    inputs = len(layers[0].kernel)
    if feature_names is not None and len(feature_names) != inputs:
        raise InvalidArgumentError(
            f"feature_names needs {inputs} names, one per input of the network; "
            f"got {len(feature_names)}."
        )
    sizes = [inputs, *(layer.kernel.shape[1] for layer in layers)]
    masks = _masks(model, sizes, dropout_seed)
    columns = [_column(mask, most_nodes) for mask in masks]
    tallest = max(len(column.shown) + 2 * (column.size > most_nodes) for column in columns)
    width = _COLUMN * len(columns) + (1.2 if feature_names is not None else 0.0)
    ax, theme = canvas(ax, style, (max(width, 4.8), _NODE * max(tallest, 6) + 1.6))
    for place, layer in enumerate(layers):
        _edges(ax, theme, place, layer.kernel, columns[place], columns[place + 1])
    _nodes(ax, theme, columns)
    _captions(ax, theme, columns, layers)
    if feature_names is not None:
        _names(ax, theme, columns[0], feature_names)
    weights = sum(layer.kernel.size for layer in layers)
    chain = "–".join(str(size) for size in sizes)
    dropped = sum(int(mask.sum()) for mask in masks)
    rest = "" if dropout_seed is None else f", {dropped} node{'s' * (dropped != 1)} dropped"
    headline(ax, theme, f"Network {chain}: {weights:,} weight{'s' * (weights != 1)}{rest}", pad=26)
    _key(ax, theme)
    ax.set_axis_off()
    ax.set_xlim(-0.3, len(layers) + 0.3)
    return ax


def dense_layers(model: Any) -> list[DenseLayer]:
    """The dense layers of a Keras-like model or a list of matrices, checked to form a chain."""
    if hasattr(model, "layers"):
        layers = list(_layers_of(model))
        _check_calls(model)
    elif isinstance(model, (list, tuple)):
        matrices = [np.asarray(item) for item in model]
        matrices = [matrix for matrix in matrices if matrix.ndim != 1]
        layers = [
            DenseLayer(_matrix(matrix, f"weights {place}"), f"layer {place}", "")
            for place, matrix in enumerate(matrices, start=1)
        ]
    else:
        raise InvalidArgumentError(
            "A network is drawn from a model with .layers or from a list of weight matrices; "
            f"got {describe(model)}."
        )
    if not layers:
        raise InvalidArgumentError(
            "There are no weights to draw. Build the model first: call it on data, or give its "
            "first layer an input shape."
        )
    if len(layers) + 1 > _MOST_COLUMNS:
        raise InvalidArgumentError(
            f"A picture holds at most {_MOST_COLUMNS - 1} dense layers; this network has "
            f"{len(layers)}. Pass a part of its weights as a list of matrices."
        )
    for before, after in pairwise(layers):
        if before.kernel.shape[1] != after.kernel.shape[0]:
            raise InvalidArgumentError(
                f"Only a chain of dense layers can be drawn: {before.name!r} has "
                f"{before.kernel.shape[1]} units but {after.name!r} takes "
                f"{after.kernel.shape[0]} inputs."
            )
    return layers


def _check_calls(model: Any) -> None:
    """In a functional model, each dense layer takes what the one before it gives, and no more."""
    if not hasattr(model, "_operations"):
        return
    calls = diagram(model, Options())
    layers = {id(layer): layer for layer in model.layers}
    sources: dict[int, list[int]] = {box.key: [] for box in calls.boxes}
    for begin, end in calls.arrows:
        sources[end].append(begin)
    dense = [key for key in sources if key in layers and _has_kernel(layers[key])]
    uses = Counter(id(call.layer) for call in model._operations)
    for key in dense:
        if uses[key] > 1:
            raise InvalidArgumentError(
                f"Only a chain of dense layers can be drawn: {layers[key].name!r} is used "
                f"{uses[key]} times. keras.utils.plot_model draws such models."
            )

    @cache
    def givers(key: int) -> set[int]:
        """The nearest dense layers and inputs on the way to a layer."""
        found: set[int] = set()
        for source in sources[key]:
            ends = source in dense or not sources[source]
            found |= {source} if ends else givers(source)
        return found

    for before, key in pairwise(dense):
        found = givers(key)
        if found != {before}:
            names = [repr(layers[giver].name) for giver in found if giver in layers]
            raise InvalidArgumentError(
                f"Only a chain of dense layers can be drawn: {layers[key].name!r} takes the "
                f"outputs of {' and '.join(sorted(names))}, not of {layers[before].name!r} alone. "
                "keras.utils.plot_model draws such models."
            )


def _has_kernel(layer: Any) -> bool:
    return any(_kernel_of(part) is not None for part in _parts(layer))


def _layers_of(model: Any) -> Iterable[DenseLayer]:
    """Dense layers in order; an Activation layer adds its name to the dense one before it."""
    found: list[DenseLayer] = []
    for layer in _flat_layers(model):
        name, kernel = plain(getattr(layer, "name", type(layer).__name__)), _kernel_of(layer)
        activation = _activation_of(layer)
        if kernel is not None:
            found.append(DenseLayer(_matrix(kernel, name), name, activation))
        elif activation and found:
            both = (found[-1].activation, activation)
            joined = ", ".join(part for part in both if part not in ("", "linear"))
            found[-1] = found[-1]._replace(activation=joined or "linear")
    return found


def _kernel_of(layer: Any) -> Any:
    """The weights between nodes; None for a layer that has none (dropout, normalization …)."""
    kernel = getattr(layer, "kernel", None)
    if kernel is not None:
        return kernel
    weights = [np.asarray(item) for item in layer.get_weights()] if _has_weights(layer) else []
    matrices = [item for item in weights if item.ndim > 1]
    if len(matrices) > 1:
        raise InvalidArgumentError(
            f"Layer {getattr(layer, 'name', layer)!r} has {len(matrices)} weight matrices; only "
            "layers with one, such as Dense, can be drawn."
        )
    return matrices[0] if matrices else None


def _has_weights(layer: Any) -> bool:
    return callable(getattr(layer, "get_weights", None))


def _activation_of(layer: Any) -> str:
    activation = getattr(layer, "activation", None)
    if activation is None:
        return ""
    if isinstance(activation, str):
        return plain(activation)
    name = getattr(activation, "__name__", None) or getattr(activation, "name", None)
    return plain(name or type(activation).__name__)


def _matrix(kernel: Any, name: str) -> Matrix:
    matrix = np.asarray(kernel)
    if matrix.ndim != 2 or matrix.size == 0 or matrix.dtype.kind not in "buif":
        raise InvalidArgumentError(
            f"{name!r} must hold a weight matrix of shape (inputs, units); got {describe(kernel)}."
        )
    matrix = matrix.astype(np.float64)
    if not np.all(np.isfinite(matrix)):
        raise InvalidArgumentError(
            f"{name!r} holds weights that are NaN or infinite: the training diverged. "
            "Try a smaller learning rate, or scale the inputs."
        )
    return matrix


def _masks(model: Any, sizes: Sequence[int], seed: int | None) -> list[npt.NDArray[np.bool_]]:
    """Which nodes of each column are dropped; none without a seed."""
    if seed is None:
        return [np.zeros(size, dtype=bool) for size in sizes]
    rates = [0.0] * len(sizes)
    place = 0
    for layer in _flat_layers(model):
        if _kernel_of(layer) is not None:
            place += 1
        elif type(layer).__name__ == "Dropout":
            rates[place] = 1.0 - (1.0 - rates[place]) * (1.0 - float(layer.rate))
    if not any(rates):
        raise InvalidArgumentError(
            "the model has no Dropout layer, so there is nothing to drop; leave dropout_seed out."
        )
    random = np.random.default_rng(seed)
    return [random.random(size) < rate for size, rate in zip(sizes, rates, strict=True)]


def _flat_layers(model: Any) -> Iterable[Any]:
    for layer in getattr(model, "layers", ()):
        yield from _parts(layer)


def _parts(layer: Any) -> Iterable[Any]:
    return _flat_layers(layer) if hasattr(layer, "layers") else (layer,)


def _column(mask: npt.NDArray[np.bool_], most: int) -> _Column:
    """Nodes one apart around height 0, from the top; a gap of two where some are left out."""
    size = len(mask)
    shown = np.arange(size)
    if size > most:
        shown = np.concatenate([shown[: (most + 1) // 2], shown[size - most // 2 :]])
    rows = np.arange(len(shown), dtype=np.float64)
    if size > most:
        rows[(most + 1) // 2 :] += 2
    return _Column(shown, rows.max() / 2 - rows, size, mask[shown])


def _edges(
    ax: Axes, theme: Theme, place: int, kernel: Matrix, left: _Column, right: _Column
) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba

    weights = kernel[np.ix_(left.shown, right.shown)].ravel()
    size = np.abs(weights) / (np.abs(kernel).max() or 1.0)
    kept = np.outer(~left.dropped, ~right.dropped).ravel()
    starts = np.repeat(left.heights, len(right.shown))
    ends = np.tile(right.heights, len(left.shown))
    order = np.argsort(size, kind="stable")  # strong ones last, on top
    order = order[kept[order]]
    segments = [[(place, starts[i]), (place + 1, ends[i])] for i in order]
    colors = [to_rgba(theme.series[int(weights[i] < 0)], 0.06 + 0.89 * size[i]) for i in order]
    ax.add_collection(
        LineCollection(segments, colors=colors, linewidths=0.3 + 2.2 * size[order], zorder=1)
    )


def _nodes(ax: Axes, theme: Theme, columns: list[_Column]) -> None:
    for place, column in enumerate(columns):
        x = np.full(len(column.shown), place)
        ax.scatter(
            x, column.heights, s=70, facecolor=theme.background, edgecolor=theme.ink,
            linewidth=1.1, zorder=2,
        )  # fmt: skip
        if column.dropped.any():
            ax.scatter(
                x[column.dropped], column.heights[column.dropped], s=90, marker="x",
                color=theme.series[1], linewidth=1.8, zorder=3,
            )  # fmt: skip
        if len(column.shown) < column.size:
            last = (len(column.shown) + 1) // 2 - 1
            middle = (column.heights[last] + column.heights[last + 1]) / 2
            dots = middle + np.array([0.55, 0.0, -0.55])
            ax.scatter([place] * 3, dots, s=5, color=theme.ink, linewidth=0, zorder=2)


def _captions(ax: Axes, theme: Theme, columns: list[_Column], layers: list[DenseLayer]) -> None:
    bottom = min(column.heights.min() for column in columns) - 1.0
    titles = ["inputs", *(layer.name for layer in layers)]
    kinds = ["", *(layer.activation for layer in layers)]
    for place, (column, title, kind) in enumerate(zip(columns, titles, kinds, strict=True)):
        kind, size = plain(kind, 16), f"{column.size:,}"
        text = f"{size} {kind}".rstrip()
        if len(column.shown) < column.size:
            text = f"{kind}\n{len(column.shown)} of {size} shown".lstrip()
        style: dict[str, Any] = {"ha": "center", "va": "top", "parse_math": False}
        ax.text(place, bottom, plain(title, 16), color=theme.ink, fontsize=NORMAL, **style)
        ax.annotate(
            text, (place, bottom), (0, -1.5 * NORMAL), textcoords="offset points",
            color=theme.muted, fontsize=SMALL, **style,
        )  # fmt: skip
    top = max(column.heights.max() for column in columns) + 1.0
    ax.set_ylim(bottom - 0.5, top)


def _names(ax: Axes, theme: Theme, column: _Column, names: Sequence[Any]) -> None:
    for index, height in zip(column.shown, column.heights, strict=True):
        ax.annotate(
            plain(names[index], 20), (0, height), (-LARGE * 0.8, 0), textcoords="offset points",
            ha="right", va="center", color=theme.ink, fontsize=SMALL, parse_math=False,
        )  # fmt: skip


def _key(ax: Axes, theme: Theme) -> None:
    from matplotlib.lines import Line2D

    signs = [
        Line2D([], [], color=theme.series[0], linewidth=2, label="positive weight"),
        Line2D([], [], color=theme.series[1], linewidth=2, label="negative weight"),
    ]
    legend(
        ax, theme, handles=signs, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderpad=0
    )
