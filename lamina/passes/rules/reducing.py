"""Rules for reductions: over single elements, of one number everywhere."""

from __future__ import annotations

import math

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.value import Node, Value
from ..rewriter import Rewriter, Rule
from .arithmetic import never_minus_zero


def _of_singles(rewriter: Rewriter, node: Node) -> Value | None:
    """Over axes of size 1, or none, only shapes change.

    A sum begins with 0.0, and 0.0 + -0.0 = 0.0.
    """
    (x,) = node.inputs
    if any(x.spec.shape[axis] != 1 for axis in node.params["axes"]):
        return None
    if node.primitive.name == "reduce_sum" and not never_minus_zero(rewriter, x):
        return None
    return rewriter.add("reshape", x, shape=node.outputs[0].spec.shape)


def _count(node: Node) -> int | None:
    """How many elements each result is made of, if that is known."""
    sizes = [node.inputs[0].spec.shape[axis] for axis in node.params["axes"]]
    return None if any(size is B for size in sizes) else math.prod(sizes)


def _extreme_of_number(rewriter: Rewriter, node: Node) -> Value | None:
    """The largest and the smallest of one number are that number."""
    number = rewriter.number(node.inputs[0])
    if number is None or not _count(node):
        return None
    return rewriter.fill(node.outputs[0].spec, number)


def _sum_of_number(rewriter: Rewriter, node: Node) -> Value | None:
    """n times c is n c, where no partial sum is rounded."""
    number = rewriter.number(node.inputs[0])
    count = _count(node)
    if number is None or count is None or not _sums_exactly(number, count):
        return None
    total = np.multiply(number, count, dtype=number.dtype) if count else np.zeros_like(number)
    return rewriter.fill(node.outputs[0].spec, np.asarray(total) + 0)


def _sums_exactly(number: Array, count: int) -> bool:
    """Whether all multiples of `number` up to `count` times it are numbers of its dtype."""
    if number.dtype.kind != "f":
        return bool(count <= np.iinfo(number.dtype).max)
    if not np.isfinite(number):
        return False
    digits, _ = float(number).as_integer_ratio()
    odd = abs(digits) // ((digits & -digits) or 1)
    info = np.finfo(number.dtype)
    return odd * count <= 2 ** (info.nmant + 1) and abs(float(number)) * count < float(info.max)


RULES: dict[str, tuple[Rule, ...]] = {
    "reduce_sum": (_of_singles, _sum_of_number),
    "reduce_max": (_of_singles, _extreme_of_number),
    "reduce_min": (_of_singles, _extreme_of_number),
    "reduce_prod": (_of_singles,),
}
