"""The table of a model's layers, their output shapes and numbers of parameters."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ...core.errors import InvalidArgumentError, OpError, nearest
from ...core.output import encodable
from ...core.showing import escaped, html_table, show_html
from ..layers.connections import outputs_of
from ..layers.core import InputLayer
from ..layers.layer import Layer

_ENDS = {False: (0.45, 0.80, 1.0), True: (0.3, 0.56, 0.74, 1.0)}  # of columns, if branched
_WIDTHS = {False: 88, True: 108}  # where the terminal has room for that and four columns more
_TRAINABLE = 12  # columns more for what is trainable, of which the others leave a tenth
_LEAST = 12  # characters for each column, in however narrow a terminal
_COLUMNS = ("Layer (type)", "Output Shape", "Param #", "Connected to", "Trainable")
_STYLES = {"Output Shape": "cyan", "Param #": "green"}


class Row(NamedTuple):
    """One layer in the table."""

    layer: str
    shape: str
    parameters: str
    connections: str
    trainable: str


class Step(NamedTuple):
    """An operation of keras.ops in a functional model."""

    name: str
    kind: str
    call: Any


class Summary(NamedTuple):
    """What a summary says: a line above, the columns of a table and its cells, lines below."""

    title: str
    columns: list[str]
    cells: list[list[str]]
    totals: list[str]
    branched: bool


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the table of `model` as Keras does, `line_length` columns wide.

    Without it, the table is as wide as its columns need, or as the terminal allows. In a notebook
    it is HTML.

    `positions`: where the columns end, as shares of the width up to 1, or in characters.
    `print_fn` gets the table as one plain text. `expand_nested` shows the layers inside of layers,
    `show_trainable` which are frozen (N). `layer_range`: names (or regular expressions) of
    the first and the last layer to show.
    """
    summary = summarize(model, expand_nested, show_trainable, layer_range)
    width, ends = _layout(summary, line_length, positions)
    widths = _widths(len(summary.columns), width, ends)
    page = io.StringIO()
    _print(summary, page, widths, width, width)
    text = page.getvalue().rstrip("\n")
    if print_fn is not None:
        print_fn(text)
    elif not show_html(_html(summary), text):
        roomy = width + 4 <= _terminal_width() or line_length is not None
        _print(summary, sys.stdout, widths, width, line_length if roomy else width)


def html_summary(model: Any) -> str:
    """The table of `model` as HTML, with the layers inside of layers."""
    return _html(summarize(model, expand_nested=True))


def summarize(
    model: Any,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Summary:
    """What stands in the table of `model`, with names that steer no terminal."""
    branched = _is_branched(model)
    parts = model._shown() if hasattr(model, "_shown") else model.layers
    names = {id(part.call): part.name for part in parts if isinstance(part, Step)}
    calls = _Calls(_calls(model), names)
    columns = ["Layer (type)", "Output Shape", "Param #"]
    columns += ["Connected to"] if branched else []
    columns += ["Trainable"] if show_trainable else []
    cells = []
    for row in _rows(_in_range(parts, layer_range), calls, expand_nested):
        by_column = dict(zip(_COLUMNS, row, strict=True))
        cells.append([escaped(by_column[name]) for name in columns])
    return Summary(f'Model: "{escaped(model.name)}"', columns, cells, _totals(model), branched)


def _layout(
    summary: Summary, line_length: int | None, positions: Sequence[float] | None
) -> tuple[int, list[float]]:
    """How wide the table is, and where its columns end."""
    trainable = "Trainable" in summary.columns
    default = _WIDTHS[summary.branched] + _TRAINABLE * trainable
    least = _LEAST * len(summary.columns)
    width = line_length or max(least, min(default, _terminal_width() - 4))
    if positions is not None:
        return width, list(positions)
    ends = list(_ENDS[summary.branched])
    return width, [*(0.9 * end for end in ends), 1.0] if trainable else ends


def _terminal_width() -> int:
    from shutil import get_terminal_size

    return get_terminal_size().columns


def _html(summary: Summary) -> str:
    cells = [[row[0].replace("└ ", ""), *row[1:]] for row in summary.cells]
    return html_table(summary.title, summary.columns, cells, ["Param #"], summary.totals)


def _print(
    summary: Summary, file: Any, widths: list[int], width: int, page_width: int | None
) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=file,
        color_system="auto" if file is sys.stdout else None,  # whatever FORCE_COLOR says
        force_jupyter=False,
        width=page_width,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(Text(encodable(summary.title, console.encoding), "bold"), soft_wrap=True)
    console.print(_table(summary, widths, width, console))
    console.print(encodable("\n".join(summary.totals), console.encoding), soft_wrap=True)


def _table(summary: Summary, widths: list[int], width: int, console: Any) -> Any:
    from rich.box import HEAVY_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=HEAVY_HEAD, show_lines=True, width=width)
    alignment: dict[str, Any] = {"Param #": "right", "Trainable": "center"}
    for name, room in zip(summary.columns, widths, strict=True):
        whole = name == "Param #" or not console.encoding.startswith("utf")  # no number is cut
        overflow: Any = "fold" if whole else "ellipsis"
        justify = alignment.get(name, "left")
        table.add_column(name, width=room, justify=justify, overflow=overflow)
    for row in summary.cells:
        texts = (encodable(text, console.encoding) for text in row)
        named = zip(summary.columns, texts, strict=True)
        table.add_row(*(Text(text, _STYLES.get(name, "")) for name, text in named))
    return table


def _widths(count: int, line_length: int, positions: Sequence[float]) -> list[int]:
    """How many characters each column holds; rich takes what borders and margins need."""
    ends = list(positions)[:count]
    if len(ends) < count or any(b <= a for a, b in zip([0, *ends], ends, strict=False)):
        raise InvalidArgumentError(
            f"positions says where each of the {count} columns ends, in rising order; got "
            f"{list(positions)}"
        )
    if ends[-1] > 1:  # characters
        ends = [end / line_length for end in ends]
    edges = [0, *(int(end * line_length) for end in ends)]
    widths = [end - start for start, end in pairwise(edges)]
    if min(widths) < 4:
        raise InvalidArgumentError(
            f"a line of {line_length} characters is too short for {count} columns; pass a larger "
            "line_length="
        )
    return widths


# What stands in the rows --------------------------------------------------------------------------


def _in_range(layers: list[Layer], layer_range: Sequence[str] | None) -> list[Layer]:
    """The layers from the first that fits one name to the last that fits the other."""
    if layer_range is None:
        return layers
    if isinstance(layer_range, str) or len(layer_range) != 2:
        raise InvalidArgumentError(f"layer_range is a pair of layer names; got {layer_range!r}")
    first, last = (_matches(layers, name) for name in layer_range)
    start, end = min(first[0], last[0]), max(first[-1], last[-1])
    return layers[start : end + 1]


def _matches(layers: list[Layer], name: str) -> list[int]:
    found = [i for i, layer in enumerate(layers) if layer.name == name]
    found = found or [i for i, layer in enumerate(layers) if re.match(name, layer.name)]
    if not found:
        raise InvalidArgumentError(
            f"layer_range: no layer is named {name!r}.{nearest(name, [x.name for x in layers])}"
        )
    return found


class _Calls(NamedTuple):
    """The calls of each layer, by its id, and the names of operations that are no layers."""

    of: dict[int, list[Any]]
    names: dict[int, str]


def _rows(layers: list[Any], calls: _Calls, expand: bool, depth: int = 0) -> Iterator[Row]:
    for layer in layers:
        indent = "   " * depth + "└ " if depth else ""
        if isinstance(layer, Step):
            connections = _connections([layer.call], calls)
            shape = _shapes(layer.call)
            yield Row(f"{layer.name} ({layer.kind})", shape, "0", connections, "-")
            continue
        own = [] if isinstance(layer, InputLayer) else calls.of.get(id(layer), [])
        yield Row(
            f"{indent}{layer.name} ({type(layer).__name__})",
            _shape(layer, calls),
            _parameters(layer),
            _connections(own, calls),
            _trainable(layer),
        )
        if expand:
            inside = [part for part in _inside(layer) if not isinstance(part, InputLayer)]
            yield from _rows(inside, calls, expand, depth + 1)


def _inside(layer: Any) -> list[Layer]:
    found: list[Layer] = layer.layers if hasattr(layer, "layers") else layer._layers_inside()
    return found


def _calls(model: Any) -> dict[int, list[Any]]:
    """The calls of each layer within a functional or sequential model, by the layer's id."""
    graph = getattr(model, "_functional", None) or model
    found: dict[int, list[Any]] = {}
    for operation in getattr(graph, "_operations", []):
        if operation.layer is not None:
            found.setdefault(id(operation.layer), []).append(operation)
    return found


def _shapes(call: Any) -> str:
    shapes = [str(tuple(tensor.shape)) for tensor in outputs_of(call)]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _shape(layer: Layer, calls: _Calls) -> str:
    if id(layer) in calls.of:
        return _shapes(calls.of[id(layer)][-1])
    if layer._build_shape is None:
        return "?"
    try:
        return str(layer.compute_output_shape(layer._build_shape))
    except (OpError, TypeError):  # it takes more than its first argument's shape tells
        return "?"


def _parameters(layer: Layer) -> str:
    if not layer.built and not layer.weights:
        return "0 (unbuilt)"
    return f"{_count(layer.weights):,}"


def _trainable(layer: Layer) -> str:
    if not layer.weights:
        return "-"
    return "Y" if layer.trainable else "N"


def _is_branched(model: Any) -> bool:
    """Whether the order of the layers does not say what is connected to what."""
    graph = getattr(model, "_functional", None) or model
    used: list[int] = []
    for operation in getattr(graph, "_operations", []):
        used += [id(tensor) for tensor in operation.inputs]
        if len(operation.inputs) != (0 if isinstance(operation.layer, InputLayer) else 1):
            return True
    starts = sum(isinstance(layer, InputLayer) for layer in getattr(graph, "_own_layers", []))
    again = any(len(calls) > 1 for calls in _calls(model).values())
    return again or starts > 1 or len(used) != len(set(used))


def _connections(operations: list[Any], calls: _Calls) -> str:
    tensors = [tensor for operation in operations for tensor in operation.inputs]
    return ", ".join(place for tensor in tensors for place in _places(tensor, calls)) or "-"


def _places(tensor: Any, calls: _Calls) -> list[str]:
    """`layer[call][result]` of a symbolic tensor; of what bare operations made, their inputs'."""
    operation = tensor.operation
    if id(operation) in calls.names:
        return [f"{calls.names[id(operation)]}[0][{tensor.position}]"]
    if operation.layer is None:
        return [place for source in operation.inputs for place in _places(source, calls)]
    call = calls.of[id(operation.layer)].index(operation)
    return [f"{operation.layer.name}[{call}][{tensor.position}]"]


# What stands below --------------------------------------------------------------------------------


def _totals(model: Any) -> list[str]:
    groups = {"Trainable": model.trainable_weights, "Non-trainable": model.non_trainable_weights}
    if model.optimizer is not None and model.optimizer.built:
        groups["Optimizer"] = model.optimizer.variables
    everything = [weight for weights in groups.values() for weight in weights]
    lines = [f" Total params: {_count_and_size(everything)}"]
    lines += [f" {name} params: {_count_and_size(group)}" for name, group in groups.items()]
    return lines


def _count(weights: Sequence[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def _count_and_size(weights: Sequence[Any]) -> str:
    size: float = sum(int(np.prod(w.shape)) * np.dtype(w.spec.dtype).itemsize for w in weights)
    unit = 0
    units = ("B", "KB", "MB", "GB", "TB")
    while size >= 1024 and unit < len(units) - 1:
        size, unit = size / 1024, unit + 1
    return f"{_count(weights):,} ({size:.2f} {units[unit]})"
