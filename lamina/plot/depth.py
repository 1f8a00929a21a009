"""What happens from layer to layer: the spread of activations, gradients and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, UnknownNameError, describe, nearest
from ..core.nest import map_structure
from ..keras import activations, losses
from ..keras import initializers as known
from ..keras.callbacks import Callback
from ..ops.linalg import matmul
from ..ops.reduction import reduce_mean
from ..tensor.convert import to_tensor
from ..tensor.tape import GradientTape
from .theme import canvas, entry, frame, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]
COMMON = ("zeros", "ones", "random_normal", "glorot_uniform", "he_normal")
_MARKERS = "osD^vP"
_LEAST = 1e-8  # below it, units count as alike
_UNEVEN = 100.0  # between layers; by so much, gradients are said to vanish or explode
_BINS = 60


def initializers(
    *names: Any,
    activation: Any = "tanh",
    layers: int = 10,
    units: int = 256,
    rows: int = 256,
    seed: int = 0,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw how far the units of each layer lie apart, under one initializer and another.

    Normal numbers go through `layers` dense layers of `units` with `activation`. The height is the
    standard deviation over the units of a layer, in the mean over `rows`: where it falls to 0, all
    units say the same and learn the same (zeros, ones); where it shrinks or grows from layer to
    layer, so do gradients (Glorot & Bengio 2010; He et al. 2015). `names` are initializers or
    their names. `style` is "light" or "dark".
    """
    for name, value in (("layers", layers), ("units", units), ("rows", rows)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 2:
            raise InvalidArgumentError(f"{name} must be an integer of at least 2; got {value!r}.")
    function = activations.get(activation)
    begin = np.random.default_rng(seed).normal(size=(rows, units)).astype(np.float32)
    curves = {}
    for item in names or COMMON:
        label = plain(item if isinstance(item, str) else type(item).__name__, 30)
        values: Any = to_tensor(begin)
        spreads = [_spread(begin)]
        for layer in range(layers):
            kernel = _seeded(item, seed + layer)((units, units))
            values = function(matmul(values, kernel))
            spreads.append(_spread(np.asarray(values)))
        curves[label] = spreads
    ax, theme = canvas(ax, style, (5.6, 3.8))
    for index, (label, spreads) in enumerate(curves.items()):
        flat = min(spreads) <= 2 * _LEAST
        ax.plot(
            np.arange(layers + 1), np.maximum(spreads, _LEAST),
            marker=_MARKERS[index % len(_MARKERS)], markersize=4, linewidth=1.8,
            color=theme.series[index % len(theme.series)],
            label=f"{label}: units alike" if flat else label,
        )  # fmt: skip
    name = plain(getattr(function, "__name__", activation), 20)
    frame(ax, theme, "layer", "spread of the units", f"What is left of the input, {name}")
    ax.set_yscale("log")
    ax.set_xticks(range(0, layers + 1, max(1, layers // 10)))
    legend(ax, theme, loc="best")
    return ax


def _spread(values: npt.NDArray[Any]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(np.mean(np.std(values.astype(np.float64), axis=1)))
    return found if np.isfinite(found) else np.nan


def _seeded(item: Any, seed: int) -> Any:
    initializer = known.get(item)
    arguments = initializer.get_config() if hasattr(initializer, "get_config") else {}
    if "seed" in arguments:
        return type(initializer).from_config({**arguments, "seed": seed})
    return initializer


def gradients(
    model: Any,
    x: Any,
    y: Any,
    *,
    loss: Any = None,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw the size of the loss's gradient in each layer's kernel: its root mean square.

    The first layers of a deep network learn nothing where it vanishes on its way back, and
    training diverges where it explodes (Hochreiter 1991). `loss` is, by default, that with which
    the model was compiled; `x` and `y` are one batch. `style` is "light" or "dark".
    """
    kernels = kernels_of(model)
    if loss is None and getattr(model, "loss", None) is None:
        raise InvalidArgumentError("the model is not compiled: give loss, 'mse' for one.")
    rows, targets = (map_structure(to_tensor, arrays_of(part)) for part in (x, y))
    with GradientTape() as tape:
        if loss is None:
            value = model.compute_loss(rows, targets, model(rows), training=False)
        else:
            value = reduce_mean(losses.get(loss)(targets, model(rows)))
    found: Any = tape.gradient(value, list(kernels.values()), unconnected_gradients="zero")
    sizes = np.array([np.sqrt(np.mean(np.square(np.asarray(g, np.float64)))) for g in found])
    ax, theme = canvas(ax, style, (max(4.8, 0.5 * len(sizes) + 1.5), 3.6))
    places = np.arange(1, len(sizes) + 1)
    ax.bar(places, np.clip(sizes, np.finfo(np.float32).tiny, None), 0.7, color=theme.series[0])
    frame(ax, theme, "layer", "gradient, root mean square", _verdict(sizes))
    positive = sizes[sizes > 0]
    if len(positive) and positive.max() > 20 * positive.min():
        ax.set_yscale("log")
        ax.set_ylim(positive.min() / 3, positive.max() * 2)
    ax.set_xticks(places, [plain(name, 16) for name in kernels], rotation=45, ha="right")
    return ax


def arrays_of(values: Any) -> Any:
    """Data with one array for each input or output; lists of numbers become an array."""
    if isinstance(values, dict):
        return {name: arrays_of(part) for name, part in values.items()}
    if not isinstance(values, (list, tuple)):
        return values
    several = all(hasattr(part, "shape") and part.shape for part in values)
    return values if several else np.asarray(values)


def _verdict(sizes: Values) -> str:
    first, last = sizes[0], sizes[-1]
    if not np.all(np.isfinite(sizes)):
        return "The gradient is not finite"
    if first * _UNEVEN < last:
        return f"It vanishes: {first / last:.1g} of the last layer's is left"
    if last * _UNEVEN < first:
        return (
            "It explodes on its way back" if last == 0 else f"It explodes: {first / last:.0f} times"
        )
    return f"Gradient, first layer to last: {first / last:.2g}" if last else "No gradient"


class WeightHistory(Callback):
    """Keeps every weight at the beginning of training and after each epoch, for pictures.

    `epochs` is a list of what `model.get_weights()` gave: rows 0 (before training) to n.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[list[npt.NDArray[Any]]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.epochs and self.model.built:
            self._keep()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._keep()

    def _keep(self) -> None:
        self.epochs.append([np.array(weights) for weights in self.model.get_weights()])


def weights(
    model: Any,
    layer: str | int | None = None,
    *,
    history: WeightHistory | None = None,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw how a model's weights are distributed: a histogram for each layer, or over the epochs.

    Without `history`, the kernels of all layers (or of `layer`, a name or a place among those with
    kernels) as they are. With `history`, the callback of that training, the kernel of `layer`
    (the first by default): one column an epoch, dark where many weights lie. `style` is "light" or
    "dark".
    """
    kernels = kernels_of(model)
    if history is not None:
        name = _chosen(kernels, 0 if layer is None else layer)
        return _over_epochs(model, kernels[name], name, history, ax, style)
    names = list(kernels) if layer is None else [_chosen(kernels, layer)]
    ax, theme = canvas(ax, style)
    values = {name: np.asarray(kernels[name], np.float64).ravel() for name in names}
    edges = _edges(list(values.values()), max(map(len, values.values())))
    for index, (name, numbers) in enumerate(values.items()):
        counts, _ = np.histogram(numbers, edges)
        color = theme.series[index % len(theme.series)]
        ax.stairs(counts / len(numbers), edges, color=color, linewidth=1.6, label=entry(name, 24))
    frame(ax, theme, "weight", "share of the layer's weights", "Weights")
    legend(ax, theme, loc="best")
    return ax


def _over_epochs(
    model: Any,
    kernel: Any,
    name: str,
    history: WeightHistory,
    ax: Axes | None,
    style: str | None,
) -> Axes:
    place = next(i for i, weight in enumerate(model.weights) if weight is kernel)
    if not isinstance(history, WeightHistory) or not history.epochs:
        raise InvalidArgumentError(
            "history must be a lamina.plot.WeightHistory that was among fit's callbacks; "
            f"got {describe(history)}."
        )
    if len(history.epochs[0]) != len(model.weights):
        raise InvalidArgumentError("history is of another model: it has other weights.")
    record = [epoch[place].ravel().astype(np.float64) for epoch in history.epochs]
    edges = _edges(record, len(record[0]))
    shares = np.stack([np.histogram(numbers, edges)[0] / len(numbers) for numbers in record], 1)
    ax, theme = canvas(ax, style, (5.6, 3.4))
    from matplotlib.colors import LinearSegmentedColormap

    colors = LinearSegmentedColormap.from_list("share", [theme.background, theme.series[0]])
    columns = np.arange(len(record) + 1) - 0.5
    ax.pcolormesh(columns, edges, np.sqrt(shares), cmap=colors)
    for share, dash in ((0.1, ":"), (0.5, "-"), (0.9, ":")):
        with np.errstate(invalid="ignore"):
            line = [np.quantile(numbers, share) for numbers in record]
        label = "median" if share == 0.5 else f"{share:.0%} lie below"
        ax.plot(range(len(record)), line, dash, color=theme.ink, linewidth=1.2, label=label)
    frame(ax, theme, "epoch", "weight", f"Weights of {name} over the epochs")
    ax.grid(False)
    legend(ax, theme, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _edges(parts: list[Values], count: int) -> Values:
    """Borders of the bins for all `parts`; few where there are few weights, `count`."""
    numbers = np.concatenate(parts)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        raise InvalidArgumentError(
            "all weights are NaN or infinite: the training diverged. Try a smaller learning rate, "
            "or scale the inputs."
        )
    return np.histogram_bin_edges(finite, min(_BINS, 5 + count // 8))


def kernels_of(model: Any) -> dict[str, Any]:
    """The matrices of a built model by name of their layer, in order."""
    found: dict[str, Any] = {}
    flatten = getattr(model, "_flatten_layers", None)
    if not callable(flatten):
        raise InvalidArgumentError(f"model must be a Keras model; got {describe(model)}.")
    for layer in flatten():
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            found[layer.name if layer.name not in found else f"{layer.name}_{len(found)}"] = kernel
    if not found:
        raise InvalidArgumentError(
            "the model has no dense layer with weights: build it, or call it on data first."
        )
    return found


def _chosen(kernels: dict[str, Any], layer: str | int) -> str:
    names = list(kernels)
    if isinstance(layer, str):
        if layer not in kernels:
            raise UnknownNameError(f"there is no kernel of {layer!r}.{nearest(layer, names)}")
        return layer
    if not -len(names) <= layer < len(names):
        raise InvalidArgumentError(f"layer must be from 0 to {len(names) - 1}; got {layer}.")
    return names[layer]
