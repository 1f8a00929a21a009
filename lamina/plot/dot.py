"""Models as graphs of Graphviz."""

from __future__ import annotations

from typing import Any

from ..core.errors import ArgumentTypeError
from ..core.packages import needed
from .boxes import Box, Diagram, Options, diagram


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **former: Any,
) -> Any:
    """The layers of a model as a `pydot.Dot`, or as a `pydot.Cluster` with `subgraph`.

    It needs the package pydot, and Graphviz to be drawn; `plot_model` draws without them.
    """
    if former:
        raise ArgumentTypeError(f"model_to_dot does not know the argument {min(former)!r}")
    options = Options(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    content = diagram(model, options)
    pydot = _pydot()
    if subgraph:
        graph = _cluster(pydot, content)
    else:
        graph = pydot.Dot(rankdir=rankdir, dpi=dpi, splines=splines, concentrate=True)
        graph.set_node_defaults(shape="plaintext", fontname="Helvetica")
    _fill(pydot, graph, content)
    return graph


def _pydot() -> Any:
    with needed("graphs of model_to_dot", "pydot", "draw the model with plot_model"):
        import pydot
    return pydot


def _cluster(pydot: Any, content: Diagram) -> Any:
    return pydot.Cluster(
        graph_name=_quoted(content.name), label=_quoted(content.name), style="dashed", labeljust="l"
    )


def _fill(pydot: Any, graph: Any, content: Diagram) -> None:
    for box in content.boxes:
        if box.inside is None:
            graph.add_node(pydot.Node(str(box.key), label=_label(box)))
        else:
            inner = _cluster(pydot, box.inside)
            _fill(pydot, inner, box.inside)
            graph.add_subgraph(inner)
    boxes = {box.key: box for box in content.boxes}
    for start, end in content.arrows:
        for source in _ends(boxes[start], last=True):
            for target in _ends(boxes[end], last=False):
                graph.add_edge(pydot.Edge(str(source), str(target)))


def _ends(box: Box, last: bool) -> list[int]:
    """The boxes that arrows to (or from) a box lead to: inside of a frame, its first (or last)."""
    if box.inside is None:
        return [box.key]
    linked = {pair[0 if last else 1] for pair in box.inside.arrows}
    open_ends = [inner for inner in box.inside.boxes if inner.key not in linked]
    return [key for inner in open_ends for key in _ends(inner, last)]


def _label(box: Box) -> str:
    """A table in Graphviz's own kind of HTML."""
    from html import escape

    kind = f" ({escape(box.kind)})" if box.kind else ""
    head = f'<font color="white"><b>{escape(box.title)}</b>{kind}</font>'
    rows = [f'<tr><td bgcolor="black">{head}</td></tr>']
    rows += [f"<tr><td>{escape(line)}</td></tr>" for line in box.lines]
    if box.trainable is not None:
        color, text = ("forestgreen", "T") if box.trainable else ("firebrick", "Non-t")
        rows.append(
            f'<tr><td bgcolor="{color}"><font color="white">{text}rainable</font></td></tr>'
        )
    table = 'border="0" cellborder="1" cellspacing="0" cellpadding="8" bgcolor="white"'
    return f"<<table {table}>{''.join(rows)}</table>>"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
