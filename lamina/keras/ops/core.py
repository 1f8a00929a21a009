"""keras.ops.core: branches and loops, reading and writing at places, conversion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import nest
from ...core.dtypes import INT32, Array, as_dtype
from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ...core.outside import lacking
from ...core.shapes import B
from ...ir.bind import STATE
from ...ir.value import Value
from ...ops import control_flow, gradients, indexing, layout
from ...ops.common import as_size, axis_of, insert_axis, integer
from ...ops.vectorize import map_rows, one_by_one
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill_like, iota, reshape
from ...prims.index import gather
from ...prims.layout import concatenate, pad, slice_along
from ...prims.layout import reverse as flipped
from ...tensor.convert import promote
from ...tensor.scatter import flat_updates
from ...tensor.variable import Variable
from .math import segment_max, segment_min, segment_prod
from .operation import is_symbolic, operation
from .promotion import tensor
from .scanning import scan_in_loop

# Branches and loops ------------------------------------------------------------------------------


def _tensors(result: Any) -> Any:
    """A result with its leaves as tensors; None stays."""
    return nest.map_structure(lambda leaf: leaf if leaf is None else tensor(leaf), result)


@operation
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`true_fn()` where the scalar `pred` holds, else `false_fn()`."""
    return _tensors(control_flow.cond(pred, true_fn, false_fn))


@operation
def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """The result of `branches[index]` on the operands; an index outside counts as the nearest."""
    functions = [lambda f=branch: f(*operands) for branch in branches]
    if not functions:
        raise InvalidArgumentError("switch expects at least one branch")
    place = prim.cast(tensor(index), INT32)
    held = prim.maximum(place, fill_like(place, 0))
    held = prim.minimum(held, fill_like(place, len(functions) - 1))
    return _tensors(control_flow.switch_case(held, functions))


@operation
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """`body` again and again on `loop_vars` (a tuple, or one value) while `cond` holds."""
    several = isinstance(loop_vars, (tuple, list))
    found = control_flow.while_loop(
        cond,
        body if several else lambda value: (body(value),),
        loop_vars if several else (loop_vars,),
        maximum_iterations=maximum_iterations,
    )
    return tuple(found) if several else found[0]


_FEW_ROWS = 64
_FEW_TURNS = 16  # so many are written one after the other into a traced function


@operation
def fori_loop(lower: Any, upper: Any, body_fun: Callable[..., Any], init_val: Any) -> Any:
    """`value = body_fun(i, value)` for i from `lower` to below `upper`, from `init_val` on.

    Shapes and dtypes of the value stay.
    """
    first, last = (prim.cast(tensor(end), INT32) for end in (lower, upper))
    if first.array is not None and last.array is not None:
        turns = range(int(first.array), int(last.array))
        if STATE.trace is None or len(turns) <= _FEW_TURNS:
            value = init_val
            for i in turns:
                value = body_fun(tensor(np.array(i, INT32)), value)
            return value
    one = fill_like(first, 1)
    _, value = control_flow.while_loop(
        lambda i, value: prim.less(i, last),
        lambda i, value: (prim.add(i, one), body_fun(i, value)),
        (first, init_val),
    )
    return value


def _lines(xs: Any) -> list[Any]:
    """The structures of the rows of `xs`."""
    columns = [layout.unstack(tensor(leaf)) for leaf in nest.flatten(xs)]
    if len({len(column) for column in columns}) > 1:
        raise InvalidArgumentError("all tensors must have the same first size")
    return [nest.pack_sequence_as(xs, row) for row in zip(*columns, strict=True)]


def _stacked(results: list[Any]) -> Any:
    if not results:
        raise InvalidArgumentError("there are no rows, so the result has no known shape")
    return nest.map_structure(
        lambda *leaves: None if leaves[0] is None else layout.stack(leaves), *results
    )


@operation
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of each row of `xs` (a tensor or a structure of them), stacked.

    Row after row; in a traced function all rows at once, where `f` allows it.
    """
    return map_rows(f, xs) if STATE.trace is not None else one_by_one(f, xs)


@operation
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`function` of each row, stacked: all rows at once, where the function allows it."""
    return map_rows(function, elements)


@operation
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """`state, y = f(state, row)` for each row of `xs`; the last state, and all y stacked.

    Without `xs`, `f` gets None `length` times. In a traced function up to 64 steps (all of them if
    `unroll` is True) are written one after the other; more become a loop.
    """
    if not callable(f):
        raise ArgumentTypeError(f"scan expects a function; got {type(f).__name__}")
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise InvalidArgumentError(f"unroll is a boolean or a positive integer; got {unroll!r}")
    if xs is None and length is None:
        raise InvalidArgumentError("scan expects xs or length")
    sizes = {tensor(leaf).spec.shape[0] for leaf in nest.flatten(xs)} if xs is not None else set()
    count = length if not sizes or length is not None else next(iter(sizes))
    if sizes - {count}:
        raise InvalidArgumentError(f"scan: xs has {min(sizes)} rows, not length={count}")
    if STATE.trace is not None and unroll is not True and integer(count, "length") > _FEW_ROWS:
        return scan_in_loop(f, init, xs, integer(count, "length"), reverse)
    rows = [None] * integer(count, "length") if xs is None else _lines(xs)
    state, found = init, []
    for row in rows[::-1] if reverse else rows:
        state, y = f(state, row)
        found.append(y)
    return state, _stacked(found[::-1] if reverse else found)


@operation
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """x₁, f(x₁, x₂), f(f(x₁, x₂), x₃) … along `axis`, for an associative `f` of slices of `elems`.

    In about 2 log₂ n steps, each on many slices at once.
    """
    if not callable(f):
        raise ArgumentTypeError(f"associative_scan expects a function; got {type(f).__name__}")
    leaves = [tensor(leaf) for leaf in nest.flatten(elems)]
    places = [axis_of(axis, len(leaf.spec.shape)) for leaf in leaves]
    sizes = {leaf.spec.shape[place] for leaf, place in zip(leaves, places, strict=True)}
    if len(sizes) != 1 or not isinstance(next(iter(sizes)), int):
        raise InvalidArgumentError(
            f"associative_scan expects tensors of one known size along axis {axis}; got {sizes}"
        )
    if reverse:
        leaves = [flipped(leaf, (place,)) for leaf, place in zip(leaves, places, strict=True)]

    def combine(first: list[Any], second: list[Any]) -> list[Any]:
        pair = (nest.pack_sequence_as(elems, part) for part in (first, second))
        return [tensor(leaf) for leaf in nest.flatten(f(*pair))]

    found = _scanned(combine, leaves, places)
    if reverse:
        found = [flipped(leaf, (place,)) for leaf, place in zip(found, places, strict=True)]
    return nest.pack_sequence_as(elems, found)


def _scanned(
    combine: Callable[[list[Any], list[Any]], list[Any]], leaves: list[Any], axes: list[int]
) -> list[Any]:
    """Pairs are combined and scanned; what lies between follows from its left neighbour.

    R. Ladner, M. Fischer, "Parallel prefix computation" (1980).
    """
    count = leaves[0].spec.shape[axes[0]]
    if count < 2:
        return leaves

    def cut(parts: list[Any], start: int, stop: int | None, step: int = 1) -> list[Any]:
        pairs = zip(parts, axes, strict=True)
        return [slice_along(part, axis, start, stop, step) for part, axis in pairs]

    odd = _scanned(combine, combine(cut(leaves, 0, count - 1, 2), cut(leaves, 1, count, 2)), axes)
    even = cut(leaves, 0, 1)
    if count > 2:
        before = odd if count % 2 else cut(odd, 0, count // 2 - 1)
        rest = combine(before, cut(leaves, 2, count, 2))
        even = [concatenate(list(pair), axis) for *pair, axis in zip(even, rest, axes, strict=True)]
    return [_woven(*parts) for parts in zip(even, odd, axes, strict=True)]


def _woven(even: Any, odd: Any, axis: int) -> Any:
    """even₀, odd₀, even₁, odd₁ …"""
    count = odd.spec.shape[axis]
    both = [insert_axis(slice_along(x, axis, 0, count), axis + 1) for x in (even, odd)]
    pairs = concatenate(both, axis + 1)
    shape = odd.spec.shape
    woven = reshape(pairs, (*shape[:axis], 2 * count, *shape[axis + 1 :]))
    if even.spec.shape[axis] == count:
        return woven
    return concatenate([woven, slice_along(even, axis, count, None)], axis)


# Places ------------------------------------------------------------------------------------------


@operation
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Zeros of `shape` with `values` added at the coordinates in the last axis of `indices`."""
    return indexing.scatter_nd(tensor(indices), tensor(values), shape)


_REDUCTIONS = {
    "max": (segment_max, prim.maximum),
    "min": (segment_min, prim.minimum),
    "mul": (segment_prod, prim.multiply),
}


@operation
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """`inputs` with `updates` at the coordinates in the last axis of `indices`.

    `reduction`: None (of several, the last stays), "add", "max", "min" or "mul" with what is there.
    """
    x, places = tensor(inputs), tensor(indices)
    change = prim.cast(tensor(updates), x.spec.dtype)
    if reduction is None:
        return indexing.tensor_scatter_nd_update(x, places, change)
    if reduction == "add":
        return indexing.tensor_scatter_nd_add(x, places, change)
    if reduction not in _REDUCTIONS:
        raise InvalidArgumentError(
            f"reduction is None, 'add', 'max', 'min' or 'mul'; got {reduction!r}"
        )
    segment, combine = _REDUCTIONS[reduction]
    flat, lines, count = flat_updates(x, places, change)
    found = segment(lines, flat, count)
    return reshape(combine(reshape(x, found.spec.shape), found), x.spec.shape)


def _starts(start_indices: Any, rank: int, name: str) -> list[Any]:
    """The beginning along each axis: numbers, or scalars that a program works out."""
    if isinstance(start_indices, (list, tuple)):
        starts = list(start_indices)
    else:
        line = tensor(start_indices)
        starts = line.array.tolist() if line.array is not None else layout.unstack(line)
    if len(starts) != rank:
        raise InvalidArgumentError(f"{name} expects {rank} start indices; got {len(starts)}")
    values = [tensor(start) for start in starts]
    return [value if value.array is None else int(value.array) for value in values]


@operation
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The part of `inputs` of `shape` (-1: the rest) that begins at `start_indices`.

    A part that would reach beyond the end begins earlier.
    """
    x = tensor(inputs)
    have = x.spec.shape
    starts = _starts(start_indices, len(have), "slice")
    sizes = shape.tolist() if isinstance(shape, np.ndarray) else list(shape)
    if len(sizes) != len(have):
        raise InvalidArgumentError(f"slice expects a shape of {len(have)} sizes; got {sizes}")
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        x = _part(x, axis, start, size)
    return x


def _part(x: Any, axis: int, start: Any, size: Any) -> Any:
    have = x.spec.shape[axis]
    if isinstance(size, int) and size == -1:
        if not isinstance(start, int):
            raise InvalidArgumentError("slice: a size of -1 needs a known start index")
        return slice_along(x, axis, start, None)
    size = as_size(size)
    if size is B or size == have:
        return x
    if isinstance(start, int):
        start = min(max(start, 0), have - size) if isinstance(have, int) else start
        return slice_along(x, axis, start, start + size)
    return gather(x, _places_from(start, size, have), axis)


def _places_from(start: Any, size: int, have: int) -> Any:
    """`size` places from a start on that is worked out, within `have`."""
    first = prim.cast(start, INT32)
    held = prim.maximum(first, fill_like(first, 0))
    held = prim.minimum(held, fill_like(first, have - size))
    return prim.add(iota((size,), 0, INT32), broadcast(held, (size,)))


@operation
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """`inputs` with `updates` in place of the part that begins at `start_indices`.

    A part that would reach beyond the end begins earlier.
    """
    x, change = promote(tensor(inputs), tensor(updates))
    change = prim.cast(change, tensor(inputs).spec.dtype)
    x = prim.cast(x, change.spec.dtype)
    have, sizes = x.spec.shape, change.spec.shape
    starts = _starts(start_indices, len(have), "slice_update")
    if len(sizes) != len(have):
        raise InvalidArgumentError(
            f"slice_update expects updates of rank {len(have)}; got shape {sizes}"
        )
    inside = None
    for axis, start in enumerate(starts):
        if sizes[axis] == have[axis]:
            continue
        change, hit = _moved(change, axis, start, have)
        inside = hit if inside is None else prim.bitwise_and(inside, hit)
    return change if inside is None else prim.select(inside, change, x)


def _moved(change: Any, axis: int, start: Any, shape: Any) -> tuple[Any, Any]:
    """`change` at its place along an axis of `shape`, and where that is, in the whole shape."""
    size, have = change.spec.shape[axis], shape[axis]
    if not isinstance(size, int) or not isinstance(have, int) or size > have:
        raise InvalidArgumentError(
            f"slice_update: updates of shape {change.spec.shape} do not fit shape {shape}"
        )
    line = iota((have,), 0, INT32)
    if isinstance(start, int):
        start = min(max(start, 0), have - size)
        low, high = ([0] * len(shape) for _ in range(2))
        low[axis], high[axis] = start, have - size - start
        change = pad(change, tuple(low), tuple(high), (0,) * len(shape))
        first = fill_like(line, start)
    else:
        first = broadcast(_places_from(start, size, have)[0], (have,))
        offset = prim.subtract(line, first)
        held = prim.minimum(prim.maximum(offset, fill_like(line, 0)), fill_like(line, size - 1))
        change = gather(change, held, axis)
    last = prim.add(first, fill_like(line, size))
    hit = prim.bitwise_and(prim.less_equal(first, line), prim.less(line, last))
    own = tuple(have if i == axis else 1 for i in range(len(shape)))
    return change, broadcast(reshape(hit, own), shape)


@operation
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices of `x` along `axis`, which goes."""
    return layout.unstack(tensor(x), num, axis)


# Conversion --------------------------------------------------------------------------------------


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """`x` as a tensor, of `dtype` if that is given."""
    if sparse or ragged:
        raise UnimplementedError("all tensors are dense; leave out sparse and ragged")
    return tensor(x) if dtype is None else layout.cast(x, as_dtype(dtype))


def convert_to_numpy(x: Any) -> Array:
    """`x` as an array of its own."""
    return np.array(x)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor (not a variable, an array or a symbolic tensor of a model)."""
    return isinstance(x, Value) and not isinstance(x, Variable) and not is_symbolic(x)


@operation
def stop_gradient(variable: Any) -> Any:
    """`variable`, as a constant for derivatives."""
    return gradients.stop_gradient(tensor(variable))


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a function that returns its result and the function of its gradient.

    That one gets the gradients of the results and gives those of the arguments.
    """
    return gradients.custom_gradient(f)


__all__ = [
    "associative_scan", "cond", "convert_to_numpy", "convert_to_tensor", "custom_gradient",
    "fori_loop", "is_tensor", "map", "scan", "scatter", "scatter_update",
    "slice", "slice_update", "stop_gradient", "switch", "unstack", "vectorized_map",
    "while_loop",
]  # fmt: skip
__getattr__ = lacking("keras.ops.core", __all__)
