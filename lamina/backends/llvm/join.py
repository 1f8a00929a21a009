"""Concatenation: the rows, or the elements, of several values in one."""

from __future__ import annotations

from typing import Any

from ...core.shapes import B
from ...ir.value import Node, Value
from .kernels import ROOTS, Planned, Unsupported
from .layout import address, form_of, numbered, plain
from .writer import Writer


def plan_concatenate(planned: Planned, node: Node) -> None:
    """Values one after the other along an axis that is not the batch's."""
    axis = node.params["axis"]
    if node.outputs[0].spec.shape[axis] is B:
        raise Unsupported(node, "along the batch")
    sources = [planned.solid(value) for value in node.inputs]
    shapes = [value.spec.shape for value in node.inputs]
    places, start = [], 0
    index = numbered(node.outputs[0].spec.shape)
    for shape in shapes:
        size = plain(shape)[axis]
        taken = (slice(None),) * axis + (slice(start, start + size),)
        places.append(index[taken].reshape(-1))
        start += size
    planned.add_root(node, "concatenate", sources, places=places)


ROOTS["concatenate"] = plan_concatenate


def emit_concatenate(writer: Writer, stored: set[int]) -> None:
    """Copy each source to its places."""
    root = writer.root
    for source, places in zip(root.sources, root.params["places"], strict=True):
        if writer.kernel.form.batch:
            _copy_rows(writer, source, places)
        else:
            _copy_elements(writer, source, places)
    writer.follow(stored)


def _copy_rows(writer: Writer, source: Value, places: Any) -> None:
    code, root = writer.code, writer.root
    panels, _ = writer.ranges()
    with code.loop(*panels) as outer, code.loop(0, len(places)) as inner:
        lanes = writer.load_lanes(source, writer.place_of(source, outer.index, inner.index))
        row = writer.chosen(places, inner.index)
        writer.store_lanes(root.output, lanes, writer.place_of(root.output, outer.index, row))


def _copy_elements(writer: Writer, source: Value, places: Any) -> None:
    code, root, lanes = writer.code, writer.root, writer.lanes
    own = address(form_of(source.spec), numbered(source.spec.shape).reshape(-1), lanes)
    target = address(form_of(root.output.spec), places, lanes)
    with code.loop(0, len(places)) as loop:
        number = code.load(
            writer.scalar(source), writer.element_at(source, writer.chosen(own, loop.index))
        )
        code.store(number, writer.element_at(root.output, writer.chosen(target, loop.index)))


EMITTERS: dict[str, Any] = {"concatenate": emit_concatenate}
