"""Sorting along the rows of a batch: neighbours change places until all are in order."""

from __future__ import annotations

from typing import Any

from ...core.shapes import B
from ...ir.value import Node
from .builder import I32, PTR, Reg, constant, element_of, is_float
from .kernels import ROOTS, Planned, Unsupported
from .layout import element_size, form_of, is_signed
from .writer import Writer

LONGEST = 256
"""So many values a line are sorted here: the work grows with the square of their number."""


def plan_argsort(planned: Planned, node: Node) -> None:
    """The places that sort the last axis, each row of a batch by itself."""
    x = node.inputs[0]
    size = x.spec.shape[-1]
    if B not in x.spec.shape or size is B:
        raise Unsupported(node, "along the batch, or without one")
    if int(size) > LONGEST:
        raise Unsupported(node, f"of lines longer than {LONGEST}")
    if x.spec.dtype.kind == "b":
        raise Unsupported(node, "of booleans")
    descending = node.params["descending"]
    planned.add_root(node, "argsort", (planned.solid(x),), size=size, descending=descending)


ROOTS["argsort"] = plan_argsort


def emit_argsort(writer: Writer, stored: set[int]) -> None:
    """Odd-even transposition: in `size` passes each pair that stands wrong is exchanged.

    Equal values never change places, so the order is stable. Source: D. Knuth, "The Art of
    Computer Programming" 3, section 5.3.4, exercise 37.
    """
    code, root = writer.code, writer.root
    size: int = root.params["size"]
    x, order = root.sources[0], root.output
    lanes = writer.kind(x)
    align = element_size(element_of(lanes))
    values = code.first(PTR, f"alloca [{size} x {lanes}], align 64")
    panels, _ = writer.ranges()

    def value_at(place: Reg) -> Reg:
        return code.at(values, place, lanes)

    with code.loop(*panels) as outer, code.loop(0, form_of(x.spec).rows // size) as line:
        first = code.mul(line.index, code.int(size))

        def order_at(place: Reg) -> Reg:
            return writer.place_of(order, outer.index, code.add(first, place))

        with code.loop(0, size) as copy:
            row = writer.place_of(x, outer.index, code.add(first, copy.index))
            code.store(writer.load_lanes(x, row), value_at(copy.index), align)
            number = code.cast("trunc", copy.index, I32)
            writer.store_lanes(order, code.splat(number, writer.lanes), order_at(copy.index))
        with code.loop(0, size) as turn:
            start = code.op("and", turn.index, code.int(1))
            with code.loop(start, size - 1, 2) as pair:
                following = code.add(pair.index, code.int(1))
                here, there = value_at(pair.index), value_at(following)
                a, b = (code.load(lanes, at, align) for at in (here, there))
                wrong = stands_wrong(writer, a, b)
                code.store(code.select(wrong, b, a), here, align)
                code.store(code.select(wrong, a, b), there, align)
                here, there = order_at(pair.index), order_at(following)
                p, q = (writer.load_lanes(order, at) for at in (here, there))
                writer.store_lanes(order, code.select(wrong, q, p), here)
                writer.store_lanes(order, code.select(wrong, p, q), there)
    writer.follow(stored)


def stands_wrong(writer: Writer, a: Reg, b: Reg) -> Reg:
    """Whether `a` belongs after `b`, which follows it; NaN counts as the largest value."""
    code, root = writer.code, writer.root
    small, large = (b, a) if not root.params["descending"] else (a, b)
    if not is_float(a.kind):
        sign = "s" if is_signed(root.sources[0].spec.dtype) else "u"
        return code.icmp(f"{sign}lt", small, large)
    below = code.fcmp("ult", small, large)  # or one of them is NaN
    return code.op("and", below, code.fcmp("ord", small, constant(small.kind, 0)))


EMITTERS: dict[str, Any] = {"argsort": emit_argsort}
