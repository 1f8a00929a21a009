"""Rules for operations that move elements: one in place of two, none in place of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import INT32
from ...core.shapes import B, Shape
from ...ir.value import Node, Spec, Value
from ..rewriter import Rewriter, Rule


def _of_number(rewriter: Rewriter, node: Node) -> Value | None:
    """One number everywhere stays so wherever its elements go."""
    number = rewriter.number(node.inputs[0])
    return None if number is None else rewriter.fill(node.outputs[0].spec, number)


def _without_effect(rewriter: Rewriter, node: Node) -> Value | None:
    """The same shape again: all elements are where they were."""
    (x,) = node.inputs
    return x if x.spec.shape == node.outputs[0].spec.shape else None


def _is_single(value: Value) -> bool:
    """Whether a value has one element, whatever the batch."""
    return all(size == 1 for size in value.spec.shape)


def _repeated(rewriter: Rewriter, value: Value, shape: Shape) -> Value:
    """The one element of `value` in `shape`."""
    if len(value.spec.shape) > len(shape):
        value = rewriter.add("reshape", value, shape=())
    return rewriter.add("broadcast", value, shape=shape)


def _single(rewriter: Rewriter, node: Node) -> Value | None:
    """What repeats one element and then goes to another shape goes there at once."""
    inner = rewriter.maker(node.inputs[0], "broadcast")
    if inner is None or not _is_single(inner.inputs[0]):
        return None
    return _repeated(rewriter, inner.inputs[0], node.outputs[0].spec.shape)


def _reshape(rewriter: Rewriter, node: Node) -> Value | None:
    """Of a reshape: at once."""
    inner = rewriter.maker(node.inputs[0], "reshape")
    shape = node.params["shape"]
    return None if inner is None else rewriter.add("reshape", inner.inputs[0], shape=shape)


def _broadcast(rewriter: Rewriter, node: Node) -> Value | None:
    """Of a broadcast: at once. New leading axes of size 1 need no reshape before."""
    (x,) = node.inputs
    shape = node.params["shape"]
    inner = rewriter.maker(x, "broadcast")
    if inner is not None:
        return rewriter.add("broadcast", inner.inputs[0], shape=shape)
    inner = rewriter.maker(x, "reshape")
    if inner is None:
        return None
    source = inner.inputs[0]
    if _is_single(source) and len(source.spec.shape) <= len(shape):
        return rewriter.add("broadcast", source, shape=shape)
    extra = len(x.spec.shape) - len(source.spec.shape)
    if x.spec.shape == (1,) * extra + source.spec.shape:
        return rewriter.add("broadcast", source, shape=shape)
    return None


def _transpose(rewriter: Rewriter, node: Node) -> Value | None:
    """Of a transpose: at once. Where only axes of size 1 change places, a reshape."""
    (x,) = node.inputs
    axes = node.params["axes"]
    if axes == tuple(range(len(axes))):
        return x
    inner = rewriter.maker(x, "transpose")
    if inner is not None:
        combined = tuple([inner.params["axes"][axis] for axis in axes])
        return rewriter.add("transpose", inner.inputs[0], axes=combined)
    moved = [axis for axis in axes if x.spec.shape[axis] != 1]
    if moved == sorted(moved):
        return rewriter.add("reshape", x, shape=node.outputs[0].spec.shape)
    return None


def _reverse(rewriter: Rewriter, node: Node) -> Value | None:
    """Backwards twice is forwards; axes of size 1 have one direction."""
    (x,) = node.inputs
    axes = set(node.params["axes"])
    turning = {axis for axis in axes if x.spec.shape[axis] != 1}
    inner = rewriter.maker(x, "reverse")
    if inner is not None:
        x, turning = inner.inputs[0], turning ^ set(inner.params["axes"])
    if not turning:
        return x
    if inner is None and turning == axes:
        return None
    return rewriter.add("reverse", x, axes=tuple(sorted(turning)))


# Slices ------------------------------------------------------------------------------------------

Range = tuple[int, int | None, int]


def _ranges(node: Node) -> list[Range]:
    params = node.params
    return list(zip(params["starts"], params["stops"], params["steps"], strict=True))


def _sliced(rewriter: Rewriter, value: Value, ranges: list[Range]) -> Value:
    starts, stops, steps = zip(*ranges, strict=True)
    return rewriter.add("slice", value, starts=starts, stops=stops, steps=steps)


def _slice(rewriter: Rewriter, node: Node) -> Value | None:
    """Of a slice: at once. Along axes of a broadcast: less of it. Of a concatenation: its part."""
    (x,) = node.inputs
    for name, rule in _SLICES.items():
        inner = rewriter.maker(x, name)
        if inner is not None:
            found: Value | None = rule(rewriter, node, inner)
            return found
    return None


def _slice_of_slice(rewriter: Rewriter, node: Node, inner: Node) -> Value:
    ranges: list[Range] = []
    sizes = node.outputs[0].spec.shape
    for size, (first, _, stride), (start, _, step) in zip(
        sizes, _ranges(inner), _ranges(node), strict=True
    ):
        if size is B:
            ranges.append((0, None, 1))
        else:
            begin = first + start * stride
            count = int(size)
            end = begin + (count - 1) * stride * step + 1 if count else begin
            ranges.append((begin, end, stride * step))
    return _sliced(rewriter, inner.inputs[0], ranges)


def _slice_of_broadcast(rewriter: Rewriter, node: Node, inner: Node) -> Value | None:
    """Where only repeated axes are cut."""
    source = inner.inputs[0]
    before, after = node.inputs[0].spec.shape, node.outputs[0].spec.shape
    offset = len(before) - len(source.spec.shape)
    for axis, size in enumerate(source.spec.shape, offset):
        if size != 1 and after[axis] != before[axis]:
            return None
    return rewriter.add("broadcast", source, shape=after)


def _slice_of_concatenate(rewriter: Rewriter, node: Node, inner: Node) -> Value | None:
    """Where what is cut out comes from one of the parts."""
    axis = inner.params["axis"]
    ranges = _ranges(node)
    start, _, step = ranges[axis]
    count = node.outputs[0].spec.shape[axis]
    if count == 0:
        return None
    last = start + (count - 1) * step
    for part in inner.inputs:
        size = part.spec.shape[axis]
        if start < size:
            if last >= size:
                return None
            ranges[axis] = start, last + 1, step
            return _sliced(rewriter, part, ranges)
        start, last = start - size, last - size
    return None


_SLICES: dict[str, Any] = {
    "slice": _slice_of_slice,
    "broadcast": _slice_of_broadcast,
    "concatenate": _slice_of_concatenate,
}


# Joining -----------------------------------------------------------------------------------------


def _pad(rewriter: Rewriter, node: Node) -> Value | None:
    """Zeros around zeros are zeros; around another number all rows of a batch are alike."""
    (x,) = node.inputs
    number = rewriter.number(x)
    if number is None:
        return None
    shape = node.outputs[0].spec.shape
    if not any(number.tobytes()):
        return rewriter.fill(node.outputs[0].spec, number)
    if B not in shape:
        return None
    row: tuple[Any, ...] = tuple([1 if size is B else size for size in x.spec.shape])
    padded = node.primitive.evaluate(np.full(row, number), **node.params)
    return rewriter.add("broadcast", rewriter.constant(padded), shape=shape)


def _concatenate(rewriter: Rewriter, node: Node) -> Value | None:
    """One part is the whole; empty parts go; parts of parts, and one number in all parts, too."""
    axis = node.params["axis"]
    parts: list[Value] = []
    for value in node.inputs:
        inner = rewriter.maker(value, "concatenate")
        if inner is not None and inner.params["axis"] == axis:
            parts += inner.inputs
        elif value.spec.shape[axis] != 0:
            parts.append(value)
    if len(parts) == 1:
        return parts[0]
    numbers = [rewriter.number(value) for value in parts]
    if numbers and numbers[0] is not None:
        bits = {None if number is None else number.tobytes() for number in numbers}
        if len(bits) == 1:
            return rewriter.fill(node.outputs[0].spec, numbers[0])
    if not parts or list(map(id, parts)) == list(map(id, node.inputs)):
        return None
    return rewriter.add("concatenate", *parts, axis=axis)


# Sizes and places --------------------------------------------------------------------------------


def _dimension(rewriter: Rewriter, node: Node) -> Value | None:
    """A size that is known is a constant; the batch's is read from the first input that has it."""
    (x,) = node.inputs
    axis = node.params["axis"]
    size = x.spec.shape[axis]
    if size is not B:
        return rewriter.fill(Spec((), INT32), np.asarray(size, INT32))
    if rewriter.rows is None:
        return None
    source, place = rewriter.rows
    if x is source and axis == place:
        return None
    return rewriter.add("dimension", source, axis=place)


def _iota(rewriter: Rewriter, node: Node) -> Value | None:
    """Along an axis of size 1 there is place 0 only."""
    spec = node.outputs[0].spec
    if spec.shape[node.params["axis"]] != 1:
        return None
    return rewriter.fill(spec, np.zeros((), spec.dtype))


# Matrix products ---------------------------------------------------------------------------------


def _matmul(rewriter: Rewriter, node: Node) -> Value | None:
    """A product reads a transposed matrix by itself."""
    inputs = list(node.inputs)
    before = node.params["transpose_x"], node.params["transpose_y"]
    flags = list(before)
    for place, value in enumerate(inputs):
        turned = rewriter.maker(value, "transpose")
        rank = len(value.spec.shape)
        last_two = (*range(rank - 2), rank - 1, rank - 2)
        if turned is not None and turned.params["axes"] == last_two:
            inputs[place], flags[place] = turned.inputs[0], not flags[place]
    if tuple(flags) == before:
        return None
    return rewriter.add("matmul", *inputs, transpose_x=flags[0], transpose_y=flags[1])


RULES: dict[str, tuple[Rule, ...]] = {
    "reshape": (_without_effect, _of_number, _single, _reshape),
    "broadcast": (_without_effect, _of_number, _broadcast),
    "transpose": (_of_number, _transpose, _single),
    "reverse": (_of_number, _reverse),
    "slice": (_without_effect, _of_number, _slice),
    "pad": (_without_effect, _pad),
    "concatenate": (_concatenate,),
    "dimension": (_dimension,),
    "iota": (_iota,),
    "matmul": (_matmul,),
}
