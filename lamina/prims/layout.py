"""Moving elements: transpose, slice, pad, concatenate, reverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import STRING, Array
from ..core.errors import InvalidArgumentError, SymbolicShapeError
from ..core.shapes import B, Dim
from ..ir.bind import bind
from ..ir.primitive import Primitive
from ..ir.value import Spec, Value


def _infer_transpose(x: Spec, *, axes: tuple[int, ...]) -> Spec:
    if sorted(axes) != list(range(len(x.shape))):
        raise InvalidArgumentError(f"transpose of {x!r} expects a permutation; got {axes}")
    return Spec(tuple(x.shape[axis] for axis in axes), x.dtype)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


transpose_p = Primitive(
    "transpose",
    infer=_infer_transpose,
    evaluate=lambda x, *, axes: x.transpose(axes),
    vjp=(lambda g, out, x, *, axes: transpose(g, _inverse(axes)),),
)


def transpose(x: Value, axes: tuple[int, ...]) -> Any:
    """`x` with its axes in another order."""
    return bind(transpose_p, x, axes=axes)


def _whole_or_range(size: Any, start: int, stop: int | None, step: int) -> Any:
    """The size of one sliced axis; `stop` None means to the end (the only way over B)."""
    if stop is None:
        if size is B:
            if start or step != 1:
                raise SymbolicShapeError("the batch axis can be sliced only whole")
            return size
        stop = size
    return max(0, -(-(stop - start) // step))


def _infer_slice(
    x: Spec, *, starts: tuple[int, ...], stops: tuple[int | None, ...], steps: tuple[int, ...]
) -> Spec:
    sizes = zip(x.shape, starts, stops, steps, strict=True)
    return Spec(tuple(_whole_or_range(*item) for item in sizes), x.dtype)


def _slice(
    x: Array, *, starts: tuple[int, ...], stops: tuple[int | None, ...], steps: tuple[int, ...]
) -> Array:
    return x[tuple(map(slice, starts, stops, steps))]


def _slice_vjp(g: Any, out: Any, x: Any, *, starts: Any, stops: Any, steps: Any) -> Any:
    places: list[tuple[int, int, int]] = []
    for size, count, start, step in zip(x.spec.shape, g.spec.shape, starts, steps, strict=True):
        if size is B:
            places.append((0, 0, 0))
            continue
        used = (count - 1) * step + 1 if count else 0
        first = start if count else 0
        places.append((first, size - used - first, step - 1))
    low, high, inner = zip(*places, strict=True) if places else ((), (), ())
    return pad(g, low, high, inner)


slice_p = Primitive("slice", infer=_infer_slice, evaluate=_slice, vjp=(_slice_vjp,))


def strided_slice(
    x: Value, starts: tuple[int, ...], stops: tuple[int | None, ...], steps: tuple[int, ...]
) -> Any:
    """`x[start:stop:step, …]` with positive steps and bounds inside of `x`."""
    return bind(slice_p, x, starts=starts, stops=stops, steps=steps)


def slice_along(x: Value, axis: int, start: int, stop: int | None, step: int = 1) -> Any:
    """`x[start:stop:step]` along `axis`, counted from the front; all of the others."""
    rank = len(x.spec.shape)
    starts = tuple(start if place == axis else 0 for place in range(rank))
    stops = tuple(stop if place == axis else None for place in range(rank))
    steps = tuple(step if place == axis else 1 for place in range(rank))
    return strided_slice(x, starts, stops, steps)


Ints = tuple[int, ...]


def _infer_pad(x: Spec, *, low: Ints, high: Ints, inner: Ints) -> Spec:
    shape: list[Dim] = []
    for size, before, after, between in zip(x.shape, low, high, inner, strict=True):
        if size is B and (before or after or between):
            raise SymbolicShapeError("the batch axis cannot be padded in a traced program")
        if size is B:
            shape.append(size)
        else:
            shape.append(before + size + max(size - 1, 0) * between + after)
    return Spec(tuple(shape), x.dtype)


def _pad(x: Array, *, low: Ints, high: Ints, inner: Ints) -> Array:
    shape, places = [], []
    for size, before, after, between in zip(x.shape, low, high, inner, strict=True):
        spread = size + max(size - 1, 0) * between
        shape.append(before + spread + after)
        places.append(slice(before, before + spread, between + 1))
    padded = np.full(shape, b"", STRING) if x.dtype == STRING else np.zeros(shape, x.dtype)
    padded[tuple(places)] = x
    return padded


def _pad_vjp(g: Any, out: Any, x: Any, *, low: Ints, high: Ints, inner: Ints) -> Any:
    stops: list[int | None] = []
    for size, before, between in zip(x.spec.shape, low, inner, strict=True):
        spread = None if size is B else before + size + max(size - 1, 0) * between
        stops.append(spread)
    return strided_slice(g, low, tuple(stops), tuple(i + 1 for i in inner))


pad_p = Primitive("pad", infer=_infer_pad, evaluate=_pad, vjp=(_pad_vjp,))


def pad(x: Value, low: Ints, high: Ints, inner: Ints) -> Any:
    """Zeros before, after and between the elements of `x` along each axis."""
    return bind(pad_p, x, low=low, high=high, inner=inner)


def _infer_concatenate(*specs: Spec, axis: int) -> Spec:
    first = specs[0]
    total = 0
    for spec in specs:
        others = spec.shape[:axis] + spec.shape[axis + 1 :]
        if others != first.shape[:axis] + first.shape[axis + 1 :] or spec.dtype != first.dtype:
            raise InvalidArgumentError(
                f"cannot concatenate {first!r} and {spec!r} along axis {axis}: the other sizes "
                "and the dtypes must be equal"
            )
        if spec.shape[axis] is B:
            raise SymbolicShapeError("the batch axis cannot be concatenated in a traced program")
        total += spec.shape[axis]
    return Spec((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


def _concatenate_rule(index: int) -> Any:
    def rule(g: Any, out: Any, *xs: Any, axis: int) -> Any:
        start = sum(x.spec.shape[axis] for x in xs[:index])
        stop = start + xs[index].spec.shape[axis]
        return slice_along(g, axis, start, stop)

    return rule


concatenate_p = Primitive(
    "concatenate",
    infer=_infer_concatenate,
    evaluate=lambda *xs, axis: np.concatenate(xs, axis=axis),
    vjp=_concatenate_rule,
)


def concatenate(values: list[Any], axis: int) -> Any:
    """`values` one after the other along `axis`."""
    return bind(concatenate_p, *values, axis=axis)


def _infer_reverse(x: Spec, *, axes: Ints) -> Spec:
    if any(x.shape[axis] is B for axis in axes):
        raise SymbolicShapeError("the batch axis cannot be reversed in a traced program")
    return x


reverse_p = Primitive(
    "reverse",
    infer=_infer_reverse,
    evaluate=lambda x, *, axes: np.flip(x, axes),
    vjp=(lambda g, out, x, *, axes: reverse(g, axes),),
)


def reverse(x: Value, axes: Ints) -> Any:
    """`x` backwards along `axes`."""
    return bind(reverse_p, x, axes=axes)
