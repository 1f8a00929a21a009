"""Shapes: reading them, changing them, joining and cutting tensors."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..core.dtypes import INT32, numpy_dtype
from ..core.errors import InvalidArgumentError, SymbolicShapeError
from ..core.shapes import B, Shape, TensorShape, broadcast_shapes, element_count, normalize_axis
from ..ir.bind import new_value
from ..ir.value import Value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, dimension, fill_like
from ..prims.broadcast import reshape as reshape_primitive
from ..prims.index import gather as gather_primitive
from ..prims.layout import concatenate, slice_along, strided_slice
from ..prims.layout import pad as pad_primitive
from ..prims.layout import reverse as reverse_primitive
from ..prims.layout import transpose as transpose_primitive
from ..tensor.convert import as_python, constant_value, is_tensor_like, promote, to_tensor
from .common import as_shape, axes_of, axis_of, insert_axis, owned, spread, typed


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """`x` as `dtype`; floats are cut toward zero on the way to integers."""
    wanted = numpy_dtype(dtype)
    if isinstance(x, Value):
        return prim.cast(x, wanted)
    if type(x) is float and wanted.kind == "f":
        return typed(x, wanted)
    return prim.cast(owned(x), wanted)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """`value` as `dtype`, with values outside of its range held at the ends."""
    x, wanted = to_tensor(value), numpy_dtype(dtype)
    if wanted.kind not in "iu" or x.spec.dtype.kind == "b":
        return prim.cast(x, wanted)
    limits, have = np.iinfo(wanted), x.spec.dtype
    low: Any = limits.min
    high: Any = limits.max
    if have.kind == "f":  # the largest float below the bound: 2³¹ itself would overflow
        high = np.asarray(high, have)
        high = np.nextafter(high, have.type(0)) if int(high) > limits.max else high
    else:
        low, high = max(low, np.iinfo(have).min), min(high, np.iinfo(have).max)
    held = prim.minimum(prim.maximum(x, fill_like(x, low)), fill_like(x, high))
    return prim.cast(held, wanted)


def identity(input: Any, name: str | None = None) -> Any:
    """`input` as a tensor."""
    return owned(input)


def shape(input: Any, out_type: Any = INT32, name: str | None = None) -> Any:
    """The sizes of `input` as a tensor; in a traced function it may hold the batch size."""
    x = to_tensor(input)
    sizes, dtype = x.spec.shape, numpy_dtype(out_type)
    if B not in sizes:
        return new_value(np.array(sizes, dtype))
    parts = [
        prim.cast(reshape_primitive(dimension(x, axis), (1,)), dtype)
        if size is B
        else new_value(np.array([size], dtype))
        for axis, size in enumerate(sizes)
    ]
    return concatenate(parts, 0) if len(parts) > 1 else parts[0]


def size(input: Any, out_type: Any = INT32, name: str | None = None) -> Any:
    """How many elements."""
    x, dtype = to_tensor(input), numpy_dtype(out_type)
    known = [dim for dim in x.spec.shape if dim is not B]
    count = new_value(np.array(element_count(known), dtype))
    for axis, dim in enumerate(x.spec.shape):
        if dim is B:
            count = prim.multiply(count, prim.cast(dimension(x, axis), dtype))
    return count


def rank(input: Any, name: str | None = None) -> Any:
    """How many axes."""
    return new_value(np.array(len(to_tensor(input).spec.shape), INT32))


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The elements in row-major order in another shape; one size may be -1 (what remains)."""
    x = owned(tensor)
    return reshape_primitive(x, _resolved(x.spec.shape, shape))


def _resolved(have: Shape, shape: Any) -> Shape:
    """`shape` with its -1 worked out for elements in shape `have`."""
    if is_tensor_like(shape) and to_tensor(shape).array is not None:
        shape = to_tensor(shape).array.ravel().tolist()
    items = [shape] if isinstance(shape, int) else shape
    if not isinstance(items, (list, tuple)):
        return as_shape(items)
    free = [place for place, item in enumerate(items) if _is_free(item)]
    sizes = list(as_shape([1 if place in free else item for place, item in enumerate(items)]))
    if not free:
        return tuple(sizes)
    if len(free) > 1:
        raise InvalidArgumentError(f"only one size can be -1; got shape {items}")
    sizes[free[0]] = _remaining(have, [s for i, s in enumerate(sizes) if i != free[0]], items)
    return tuple(sizes)


def _is_free(item: Any) -> bool:
    if type(item) is int:
        return item == -1
    if is_tensor_like(item):
        return to_tensor(item).array is not None and int(item) == -1
    return item is not None and item is not B and int(item) == -1


def _remaining(have: Shape, others: list[Any], items: Any) -> Any:
    count = element_count([dim for dim in have if dim is not B])
    taken = element_count([dim for dim in others if dim is not B])
    open_before, open_after = have.count(B), others.count(B)
    if open_before == open_after + 1 and count == taken:
        return B
    if open_before != open_after:
        raise SymbolicShapeError(
            f"a tensor of shape {have} cannot be reshaped to {items} for every batch size B; "
            "keep the batch as an axis of its own"
        )
    if taken == 0 or count % taken:
        raise InvalidArgumentError(
            f"cannot reshape {count} elements of shape {have} to shape {list(items)}"
        )
    return count // taken


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """`x`, or an error where its shape does not fit `shape` (None fits any size)."""
    x = owned(x)
    if not TensorShape(x.spec.shape).is_compatible_with(TensorShape(shape)):
        raise InvalidArgumentError(
            f"ensure_shape expects {TensorShape(shape)}; got {TensorShape(x.spec.shape)}"
        )
    return x


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """`input` with a new axis of size 1 at `axis`."""
    x = owned(input)
    return insert_axis(x, axis_of(axis, len(x.spec.shape) + 1))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """`input` without its axes of size 1 (or without those of `axis`, whose sizes must be 1)."""
    x = owned(input)
    have = x.spec.shape
    if axis is None or axis == []:
        gone = tuple(place for place, dim in enumerate(have) if dim == 1)
    else:
        gone = axes_of(axis, len(have))
        wrong = [place for place in gone if have[place] != 1]
        if wrong:
            raise InvalidArgumentError(
                f"squeeze expects size 1 at axis {wrong[0]}; got shape {TensorShape(have)}"
            )
    return reshape_primitive(x, tuple(d for place, d in enumerate(have) if place not in gone))


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str | None = None) -> Any:
    """`a` with its axes in the order `perm` (None: backwards)."""
    x = owned(a)
    count = len(x.spec.shape)
    given = range(count)[::-1] if perm is None else as_python(perm, "perm")
    order = tuple(axis_of(place, count) for place in given)
    if sorted(order) != list(range(count)):
        raise InvalidArgumentError(
            f"perm must be a permutation of {list(range(count))}; got {list(given)}"
        )
    return transpose_primitive(x, order)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """`input` repeated along new leading axes and along axes of size 1."""
    x = owned(input)
    sizes = as_shape(shape)
    if len(sizes) < len(x.spec.shape) or broadcast_shapes(x.spec.shape, sizes) != sizes:
        raise InvalidArgumentError(f"cannot broadcast shape {x.spec.shape} to {sizes}")
    return broadcast(x, sizes)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes broadcast to."""
    return TensorShape(broadcast_shapes(as_shape(shape_x), as_shape(shape_y)))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that two shapes broadcast to, as a tensor."""
    return new_value(np.array(broadcast_shapes(as_shape(shape_x), as_shape(shape_y)), INT32))


# Joining and cutting -----------------------------------------------------------------------------


def concat(values: Any, axis: Any, name: str | None = None) -> Any:
    """Tensors one after the other along `axis`; their other sizes agree."""
    parts = [values] if isinstance(values, Value) else promote(*_some(values, "concat"))
    if not parts[0].spec.shape:
        raise InvalidArgumentError("concat joins along an axis; scalars have none. Use tf.stack.")
    place = axis_of(axis, len(parts[0].spec.shape))
    for part in parts[1:]:
        if len(part.spec.shape) != len(parts[0].spec.shape):
            raise InvalidArgumentError(
                f"concat expects equal ranks; got shapes {parts[0].spec.shape} and "
                f"{part.spec.shape}"
            )
    return concatenate(parts, place)


def _some(values: Any, what: str) -> Any:
    if len(values) == 0:
        raise InvalidArgumentError(f"{what} expects at least one tensor; got none")
    return values


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Tensors of one shape side by side along a new axis."""
    parts = promote(*values) if len(values) else []
    if not parts:
        raise InvalidArgumentError("stack expects at least one tensor")
    have = parts[0].spec.shape
    for part in parts:
        if part.spec.shape != have:
            raise InvalidArgumentError(
                f"stack expects equal shapes; got {have} and {part.spec.shape}"
            )
    place = normalize_axis(axis, len(have) + 1)
    return concatenate([insert_axis(part, place) for part in parts], place)


def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str | None = None
) -> list[Any]:
    """The slices of `value` along `axis`, which goes."""
    x = owned(value)
    place = axis_of(axis, len(x.spec.shape))
    count = _known_size(x, place, "unstack")
    if num is not None and num != count:
        raise InvalidArgumentError(f"unstack: axis {axis} has size {count}, not num={num}")
    rest = (*x.spec.shape[:place], *x.spec.shape[place + 1 :])
    return [reshape_primitive(slice_along(x, place, i, i + 1), rest) for i in range(count)]


def _known_size(x: Any, axis: int, what: str) -> int:
    count = x.spec.shape[axis]
    if count is B:
        raise SymbolicShapeError(f"{what} along the batch axis while a function is traced")
    known: int = count
    return known


def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: int | None = None,
    name: str | None = None,
) -> list[Any]:
    """`value` cut along `axis` into equal parts (a number), or parts of given sizes (a list)."""
    x = owned(value)
    place = axis_of(axis, len(x.spec.shape))
    total = _known_size(x, place, "split")
    wanted = as_python(num_or_size_splits, "num_or_size_splits")
    if isinstance(wanted, int):
        if wanted < 1 or total % wanted:
            raise InvalidArgumentError(f"size {total} cannot be split into {wanted} equal parts")
        sizes = [total // wanted] * wanted
    else:
        sizes = list(wanted)
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = total - sum(sizes) - 1
        if sum(sizes) != total or min(sizes, default=0) < 0:
            raise InvalidArgumentError(
                f"the sizes of split must add up to {total}; got {list(wanted)}"
            )
    ends = np.cumsum([0, *sizes]).tolist()
    return [slice_along(x, place, a, b) for a, b in pairwise(ends)]


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """The block of `input_` that starts at `begin` and has sizes `size` (-1: to the end)."""
    x = owned(input_)
    starts = [int(start) for start in constant_value(begin, "begin").ravel()]
    sizes = [int(count) for count in constant_value(size, "size").ravel()]
    have = x.spec.shape
    if len(starts) != len(have) or len(sizes) != len(have):
        raise InvalidArgumentError(f"slice of shape {have} expects {len(have)} begins and sizes")
    stops: list[Any] = []
    for dim, start, count in zip(have, starts, sizes, strict=True):
        whole = start == 0 and count == -1
        stops.append(None if whole else dim if count == -1 else start + count)
        if not whole and not 0 <= start <= stops[-1] <= dim:
            raise InvalidArgumentError(
                f"slice from {starts} with sizes {sizes} leaves the shape {have}"
            )
    return strided_slice(x, tuple(starts), tuple(stops), (1,) * len(have))


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """`input` repeated as a whole, `multiples[i]` times along axis i."""
    x = owned(input)
    have = x.spec.shape
    times = [int(count) for count in constant_value(multiples, "multiples").ravel()]
    if len(times) != len(have):
        raise InvalidArgumentError(f"tile expects {len(have)} multiples; got {times}")
    if min(times, default=0) < 0:
        raise InvalidArgumentError(f"tile expects multiples of 0 or more; got {times}")
    apart: list[Any] = []
    wide: list[Any] = []
    result: list[Any] = []
    for dim, count in zip(have, times, strict=True):
        if count == 1:
            apart.append(dim)
            wide.append(dim)
            result.append(dim)
        else:
            apart += [1, dim]
            wide += [count, dim]
            result.append(dim * count)
    repeated = broadcast(reshape_primitive(x, tuple(apart)), tuple(wide))
    return reshape_primitive(repeated, tuple(result))


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Each element (slice) along `axis` repeated in place; None flattens first."""
    x = owned(input)
    if axis is None:
        x, axis = reshape(x, [-1]), 0
    place = axis_of(axis, len(x.spec.shape))
    times = constant_value(repeats, "repeats")
    have = x.spec.shape
    if times.size == 1:
        count = int(times.reshape(()))
        wide = insert_axis(x, place + 1)
        wide = broadcast(wide, (*have[: place + 1], count, *have[place + 1 :]))
        return reshape_primitive(wide, (*have[:place], have[place] * count, *have[place + 1 :]))
    total = _known_size(x, place, "repeat with several counts")
    if times.shape != (total,):
        raise InvalidArgumentError(f"repeat expects {total} counts; got shape {times.shape}")
    return gather_primitive(x, new_value(np.repeat(np.arange(total), times)), place)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """`tensor` backwards along the axes `axis`."""
    x = owned(tensor)
    return reverse_primitive(x, axes_of(axis, len(x.spec.shape)))


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """`input` moved by `shift` along `axis`; what leaves at the end comes in at the start."""
    x = owned(input)
    shifts, places = (
        np.atleast_1d(as_python(shift, "shift")),
        np.atleast_1d(as_python(axis, "axis")),
    )
    if len(shifts) != len(places):
        raise InvalidArgumentError(f"roll expects a shift for each axis; got {shift} and {axis}")
    for count, place in zip(shifts.tolist(), places.tolist(), strict=True):
        place = normalize_axis(place, len(x.spec.shape))
        total = _known_size(x, place, "roll")
        cut = total - count % total if total else 0
        if cut != total:
            x = concatenate(
                [slice_along(x, place, cut, total), slice_along(x, place, 0, cut)], place
            )
    return x


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: str | None = None,
) -> Any:
    """`tensor` with `paddings[i]` = (before, after) elements more along axis i.

    `mode`: "CONSTANT" (`constant_values`), "REFLECT" (mirrored without the edge) or "SYMMETRIC"
    (mirrored with it).
    """
    x = owned(tensor)
    pairs = constant_value(paddings, "paddings").reshape(-1, 2).tolist()
    if len(pairs) != len(x.spec.shape) or min((n for p in pairs for n in p), default=0) < 0:
        raise InvalidArgumentError(
            f"pad expects {len(x.spec.shape)} pairs of sizes ≥ 0; got {pairs}"
        )
    kind = mode.upper()
    if kind in ("REFLECT", "SYMMETRIC"):
        for axis, (before, after) in enumerate(pairs):
            if before or after:
                x = _mirror(x, axis, before, after, kind)
        return x
    if kind != "CONSTANT":
        raise InvalidArgumentError(f"mode is CONSTANT, REFLECT or SYMMETRIC; got {mode!r}")
    low, high = tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
    between = (0,) * len(pairs)
    padded = pad_primitive(x, low, high, between)
    if not is_tensor_like(constant_values) and constant_values == 0:
        return padded
    inside = pad_primitive(prim.equal(fill_like(x, 0), fill_like(x, 0)), low, high, between)
    edge = typed(constant_values, x.spec.dtype)
    return prim.select(inside, padded, spread(edge, padded))


def _mirror(x: Any, axis: int, before: int, after: int, kind: str) -> Any:
    total = _known_size(x, axis, "mirrored padding")
    most = total - (kind == "REFLECT")
    if max(before, after) > most:
        raise InvalidArgumentError(
            f"{kind} padding of axis {axis} (size {total}) is at most {most}; got {before}, {after}"
        )
    mode: Any = kind.lower()
    places = np.pad(np.arange(total), (before, after), mode=mode)
    return gather_primitive(x, new_value(places), axis)


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Each line repeated over the grid of all; `indexing="xy"` swaps the first two axes."""
    if indexing not in ("xy", "ij"):
        raise InvalidArgumentError(f"indexing is 'xy' or 'ij'; got {indexing!r}")
    lines = [reshape(line, [-1]) for line in args]
    order = list(range(len(lines)))
    if indexing == "xy" and len(lines) > 1:
        order[0], order[1] = 1, 0
    full = tuple(lines[place].spec.shape[0] for place in order)
    grids = []
    for place, line in enumerate(lines):
        own = [1] * len(lines)
        own[order.index(place)] = line.spec.shape[0]
        grids.append(broadcast(reshape_primitive(line, tuple(own)), full))
    return grids


__all__ = [
    "broadcast_dynamic_shape", "broadcast_static_shape", "broadcast_to", "cast", "concat",
    "ensure_shape", "expand_dims", "identity", "meshgrid", "pad", "rank", "repeat", "reshape",
    "reverse", "roll", "saturate_cast", "shape", "size", "slice", "split", "squeeze", "stack",
    "tile", "transpose", "unstack",
]  # fmt: skip
