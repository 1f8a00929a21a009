"""Padding: elements more before and after those along each axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError, SymbolicShapeError
from ...core.shapes import B
from ...ir.bind import new_value
from ...ops import layout
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, keep_axes, reshape
from ...prims.layout import reverse, slice_along
from ...prims.reduce import reduce_max, reduce_min
from ...tensor.convert import as_python
from .operation import operation
from .promotion import floating, own
from .quantiles import median
from .reductions import mean_over

_GATHERED = {"edge": "edge", "symmetric": "symmetric", "reflect": "reflect", "wrap": "wrap"}
_GATHERED["circular"] = "wrap"


def _rounded(x: Any, like: Any) -> Any:
    """A computed value in the dtype of the elements; the nearest integer among integers."""
    if like.spec.dtype.kind != "f":
        x = prim.round_even(floating(x))
    return prim.cast(x, like.spec.dtype)


def _mean(x: Any, axis: int) -> Any:
    return _rounded(mean_over(floating(x), (axis,)), x)


_STATISTICS: dict[str, Callable[[Any, int], Any]] = {
    "maximum": lambda x, axis: reduce_max(x, (axis,)),
    "minimum": lambda x, axis: reduce_min(x, (axis,)),
    "mean": _mean,
    "median": lambda x, axis: _rounded(median(x, axis), x),
}


@operation
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """`x` with elements more before and after along each axis.

    `pad_width`: ((before, after), …), one pair for all axes, or one number. `mode`: "constant"
    (`constant_values`, 0), "empty" (zeros), "edge", "reflect" (mirrored without the edge),
    "symmetric" (with it), "wrap" or "circular" (from the other end), "maximum", "minimum", "mean"
    or "median" of the line, "linear_ramp" (from the edge evenly to 0).
    """
    x = own(x)
    pairs = np.broadcast_to(np.asarray(as_python(pad_width, "pad_width")), (len(x.spec.shape), 2))
    if mode != "constant" and constant_values is not None:
        raise InvalidArgumentError(
            f"constant_values goes with mode='constant' only; got mode={mode!r}"
        )
    if mode in ("constant", "empty"):
        value = 0 if constant_values is None else constant_values
        return layout.pad(x, pairs, constant_values=value)
    if mode not in (*_GATHERED, *_STATISTICS, "linear_ramp"):
        known = ", ".join(("constant", "empty", "linear_ramp", *_GATHERED, *_STATISTICS))
        raise InvalidArgumentError(f"mode is one of {known}; got {mode!r}")
    for axis, (before, after) in enumerate(pairs.tolist()):
        if before or after:
            if x.spec.shape[axis] is B:
                raise SymbolicShapeError("the batch axis cannot be padded while its size is open")
            x = layout.concat(_padded(x, axis, before, after, mode), axis)
    return x


def _padded(x: Any, axis: int, before: int, after: int, mode: str) -> list[Any]:
    """What stands one after the other along an axis."""
    size = x.spec.shape[axis]
    if mode in _GATHERED:
        kind: Any = _GATHERED[mode]
        places = np.pad(np.arange(size), (before, after), mode=kind)
        return [_pieces(x, axis, run) for run in _runs(places)]
    if mode == "linear_ramp":
        first, last = (_pieces(x, axis, (end, end, 1)) for end in (0, size - 1))
        rise, fall = np.arange(before) / max(before, 1), np.arange(after)[::-1] / max(after, 1)
        return [_ramp(first, axis, rise), x, _ramp(last, axis, fall)]
    value = reshape(_STATISTICS[mode](x, axis), keep_axes(x.spec.shape, (axis,)))
    return [_repeated(value, axis, before), x, _repeated(value, axis, after)]


def _repeated(slices: Any, axis: int, count: int) -> Any:
    shape = slices.spec.shape
    return broadcast(slices, (*shape[:axis], count, *shape[axis + 1 :]))


def _ramp(edge: Any, axis: int, shares: Any) -> Any:
    """An edge times shares along its axis; integers are cut down."""
    wide = floating(_repeated(edge, axis, shares.size))
    line = tuple(-1 if a == axis else 1 for a in range(len(wide.spec.shape)))
    factors = new_value(shares.astype(wide.spec.dtype).reshape(line))
    found = prim.multiply(wide, broadcast(factors, wide.spec.shape))
    return prim.cast(found if edge.spec.dtype.kind == "f" else prim.floor(found), edge.spec.dtype)


def _runs(places: Any) -> list[tuple[int, int, int]]:
    """Places in a row as (first, last, step 1 or -1), so that moving them is slicing."""
    runs: list[tuple[int, int, int]] = []
    for place in places.tolist():
        if runs:
            first, last, step = runs[-1]
            ahead = place - last
            if abs(ahead) == 1 and (first == last or ahead == step):
                runs[-1] = (first, place, ahead)
                continue
        runs.append((place, place, 1))
    return runs


def _pieces(x: Any, axis: int, run: tuple[int, int, int]) -> Any:
    first, last, step = run
    piece = slice_along(x, axis, min(first, last), max(first, last) + 1)
    return reverse(piece, (axis,)) if step < 0 else piece


__all__ = ["pad"]
